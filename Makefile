# faxpipe. `make demo` shows it, `make test` proves it, `make help` lists the rest.
# Files are discovered: a program is a file in cmd/ (and those in cmd/PROGRAM/), a module a file in
# common/, a test beside its mirror image in test/. Only the outside libraries are listed.

CC      ?= cc
CFLAGS  ?= -O2 -g
WARN     = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
           -Wwrite-strings -Wformat=2 -Wundef $(WERROR)
HARDEN   = -fstack-protector-strong -fPIE $(if $(SANITIZE),,-D_FORTIFY_SOURCE=2)
PREFIX  ?= /usr/local
DESTDIR ?=
# What the programs are called when installed: fuser is also a program of psmisc.
TOOLPREFIX ?=

# `make SANITIZE=1` builds beside the ordinary build, under ASan and UBSan.
OBJ := obj$(if $(SANITIZE),/san)
BIN := bin$(if $(SANITIZE),/san)
SAN := $(if $(SANITIZE),-fsanitize=address -fsanitize=undefined -fno-sanitize-recover=undefined \
       -fno-omit-frame-pointer)

ALL_CFLAGS  = -std=c11 -D_GNU_SOURCE -Icommon -Itest/lib $(WARN) $(HARDEN) $(SAN) $(CFLAGS)
ALL_LDFLAGS = -pie -Wl,-z,relro,-z,now -Wl,--as-needed $(SAN) $(LDFLAGS)

LIBSRC  := $(sort $(wildcard common/*/*.c common/*/*/*.c))
LIBOBJ  := $(LIBSRC:%.c=$(OBJ)/%.o)
LIB     := $(OBJ)/libfaxpipe.a
CMDS    := $(patsubst cmd/%.c,$(BIN)/%,$(sort $(wildcard cmd/*.c)))
SCRIPTS := $(patsubst cmd/%.sh,$(BIN)/%,$(sort $(wildcard cmd/*.sh)))
TESTS   := $(patsubst test/%.c,$(BIN)/test/%,$(sort $(wildcard test/common/*/*_test.c)))
HELPERS := $(patsubst test/%.c,$(BIN)/test/%,$(sort $(wildcard test/lib/*.c test/fault/*.c)))

# A short line a step; V=1 shows the commands.
do = $(if $(V),,@printf '  %s %s\n' $(1) $(2);)
pc = $(shell pkg-config --$(1) $(2))
# Each outside library is seen by one folder alone (check-deps holds the #includes to the same).
$(OBJ)/common/print/%.o: ALL_CFLAGS += $(call pc,cflags,pangocairo)
$(OBJ)/common/scan/%.o: ALL_CFLAGS += $(call pc,cflags,lept sane-backends)
LIBS_scan  = $(call pc,libs,sane-backends lept)
LIBS_print = $(call pc,libs,pangocairo) -lcups
LIBS_net   = $(call pc,libs,libcurl libuv openssl libidn2) -lresolv
LIBS_seal  = $(call pc,libs,libcrypto)
LIBS_store = $(call pc,libs,sqlite3)
LIBS_tiff  = $(call pc,libs,libtiff-4)
LIBS_all   = $(LIBS_tiff) $(LIBS_scan) $(LIBS_print) $(LIBS_net) $(LIBS_seal) $(LIBS_store)
# The linker keeps only what a program's objects use; fax-spool, which is privileged, is named so
# that a stray dependency fails to link.
$(CMDS) $(TESTS) $(HELPERS): LDLIBS = $(LIBS_all) -lpopt -lm
$(BIN)/fax-spool: LDLIBS = $(LIBS_seal) $(LIBS_store) -lpopt

BENCHES = $(addprefix bench-,g3 programs mime smtp send)
.PHONY: all test demo bench $(BENCHES) lint check check-deps check-pure check-headers check-size \
        check-docs fuzz deps install uninstall clean help
all: $(CMDS) $(SCRIPTS)
$(LIB): $(LIBOBJ)
	@rm -f $@
	@$(AR) rcs $@ $^
$(OBJ)/%.o: %.c
	@mkdir -p $(@D)
	$(call do,CC,$@)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<
.SECONDEXPANSION:
parts_of = $(addprefix $(OBJ)/,$(addsuffix .o,$(basename $(wildcard cmd/$(1)/*.c))))
$(CMDS): $(BIN)/%: $(OBJ)/cmd/%.o $$(call parts_of,$$*) $(LIB)
	@mkdir -p $(@D)
	$(call do,LD,$@)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LDLIBS)
$(SCRIPTS): $(BIN)/%: cmd/%.sh
	@mkdir -p $(@D)
	install -m 755 $< $@
$(TESTS) $(filter-out %_preload,$(HELPERS)): $(BIN)/test/%: $(OBJ)/test/%.o $(LIB)
	@mkdir -p $(@D)
	$(call do,LD,$@)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LDLIBS)
# The codec's peers, as the benchmark has them.
PEERS = $(patsubst %,$(OBJ)/test/bench/%.o,with_faxpipe with_libtiff \
        $(if $(call pc,libs,spandsp 2>/dev/null),with_spandsp,without_spandsp))
$(BIN)/test/common/g3/peers_test: $(PEERS)
$(BIN)/test/common/g3/peers_test: LDLIBS = $(LIB) $(LIBS_tiff) $(call pc,libs,spandsp 2>/dev/null)
$(BIN)/test/lib/%.so: test/lib/%.c
	@mkdir -p $(@D)
	$(call do,CC,$@)$(CC) -O1 -g -D_GNU_SOURCE -Icommon -shared -fPIC -o $@ $< -ldl
-include $(LIBOBJ:.o=.d) $(wildcard $(OBJ)/cmd/*.d $(OBJ)/cmd/*/*.d $(OBJ)/test/*/*.d $(OBJ)/test/*/*/*.d)

.PHONY: test-programs
test-programs: $(TESTS) $(filter-out %_preload,$(HELPERS)) \
               $(patsubst %_preload,%_preload.so,$(filter %_preload,$(HELPERS)))
# On every core, unless make was told how many.
parallel = $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc))
test: deps ## the whole test suite
	@$(MAKE) --no-print-directory $(parallel) all test-programs
	@test/run $(TEST)
demo: deps ## the main job on real input, in a scratch directory
	@$(MAKE) --no-print-directory $(parallel) all
	@test/demo
deps:
	@test/house/deps
check: check-deps check-pure check-headers check-size ## the structure checks
check-deps check-headers check-size:
	@test/house/$@
check-pure: $(LIB)
	@test/house/check-pure $(OBJ)/common
check-docs: all ; @test/run test/docs
lint: ## compilers, cppcheck, shellcheck, mandoc
	@test/house/lint
fuzz: ## every fuzz target for FUZZ_SECONDS in all (60)
	@test/house/fuzz $(FUZZ_SECONDS)
# bench-g3, bench-programs, bench-mime, bench-smtp and bench-send: one of them alone; the file says
# what it takes (BENCH='-n 3 -c mmr -v' for the codec's).
bench: $(BENCHES) ## the benchmarks, beside the peers; or one alone: bench-g3, bench-send...
$(BENCHES): bench-%: all test-programs
	@test/bench/$* $(BENCH)
install: all ## into $(DESTDIR)$(PREFIX)
	@test/house/install install "$(DESTDIR)" "$(PREFIX)" "$(TOOLPREFIX)"
uninstall:
	@test/house/install uninstall "$(DESTDIR)" "$(PREFIX)" "$(TOOLPREFIX)"
clean:
	rm -rf bin obj
help:
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile
