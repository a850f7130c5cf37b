/*
 * mime-crypt: seals a mail as S/MIME for its recipients, signs it, opens a sealed one, verifies a
 * signed one.
 */
#include "base64/kernel.h"
#include "seal/guard.h"
#include "seal/mail.h"
#include "seal/password.h"
#include "store/store.h"
#include "tool/cpu_env.h"
#include "tool/diag.h"
#include "tool/home.h"
#include "tool/io.h"
#include "tool/program.h"
#include "tool/secret.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { FILE_MAX = 1 << 20 };

static struct {
    int decrypt, verify, unsign, oaep, pss;
    char **to, **certs;
    char *method, *key, *user, *sign, *signer, *ca;
    struct secret_source password;
} opt = {.password = {.fd = -1}};

static struct poptOption options[] = {
    {"decrypt", 'd', POPT_ARG_NONE, &opt.decrypt, 0, "open a sealed mail", NULL},
    {"to", 0, POPT_ARG_ARGV, &opt.to, 0, "seal as the encryption table says for ADDRESS...",
     "ADDRESS"},
    {"method", 0, POPT_ARG_STRING, &opt.method, 0,
     "seal by M: none, smime-aes256-gcm, smime-aes256-cbc", "M"},
    {"cert", 0, POPT_ARG_ARGV, &opt.certs, 0, "certificate of a recipient..., or the key's own",
     "FILE"},
    {"oaep", 0, POPT_ARG_NONE, &opt.oaep, 0, "RSA-OAEP for every RSA key", NULL},
    {"key", 0, POPT_ARG_STRING, &opt.key, 0, "private key to open with", "FILE"},
    {"user", 0, POPT_ARG_STRING, &opt.user, 0, "open with the key of the station's user CODE",
     "CODE"},
    {"sign", 0, POPT_ARG_STRING, &opt.sign, 0, "sign with this private key", "KEY"},
    {"signer", 0, POPT_ARG_STRING, &opt.signer, 0, "the signer's certificate, and its chain",
     "CERT"},
    {"pss", 0, POPT_ARG_NONE, &opt.pss, 0, "sign by RSASSA-PSS", NULL},
    {"verify", 0, POPT_ARG_NONE, &opt.verify, 0, "verify a signed mail", NULL},
    {"unsign", 0, POPT_ARG_NONE, &opt.unsign, 0, "write what was signed, by whomever", NULL},
    {"ca", 0, POPT_ARG_STRING, &opt.ca, 0, "trust the certificates in FILE", "FILE"},
    SECRET_OPTIONS(opt.password),
    POPT_TABLEEND,
};

/* ---- Files ---- */

static enum err read_file(const char *path, struct buf *out)
{
    struct why why = {""};
    buf_init(out, FILE_MAX);
    enum err e = io_read_file(path, out, &why);
    return diag_fail(e, &why, "%s", path);
}

static enum err add_cert(struct cms_certs **certs, const char *path)
{
    struct why why = {""};
    struct buf text;
    enum err e = read_file(path, &text);
    if (!e) {
        e = cms_certs_add(certs, buf_span(&text), &why);
        diag_fail(e, &why, "%s", path);
    }
    buf_release(&text);
    return e;
}

/* The private key in one file with its certificate in the other. */
static enum err read_key(const char *key_path, const char *cert_path, struct cms_key **key)
{
    struct why why = {""};
    struct buf key_text, cert_text;
    char prompt[512];
    snprintf(prompt, sizeof prompt, "password of %s: ", key_path);
    buf_init(&cert_text, FILE_MAX);
    enum err e = read_file(key_path, &key_text);
    if (!e)
        e = read_file(cert_path, &cert_text);
    if (!e) {
        e = cms_key_read(buf_span(&key_text), buf_span(&cert_text), &opt.password, prompt, key,
                         &why);
        diag_fail(e, &why, "%s with %s", key_path, cert_path);
    }
    buf_wipe(&key_text);
    buf_release(&cert_text);
    return e;
}

/* What became of a mail; a failure to write is stdout's, whatever was being read. */
static enum err told(const struct mail *m, enum err e, const struct why *why, const char *name)
{
    return diag_fail(e, why, "%s", m->lost ? "stdout" : name);
}

/* ---- Sealing and signing ---- */

static enum err certs_as_said(struct mail_sealing *how, struct cms_certs **certs)
{
    enum err e = ERR_NONE;
    if (!opt.method)
        return ERR_NONE;
    if (!cms_method_named(span_str(opt.method), &how->seal.method))
        return diag_fail(ERR_USAGE, &(struct why){"no such method"}, "%s", opt.method);
    if (how->seal.method != CMS_METHOD_NONE && !opt.certs)
        return diag_fail(ERR_USAGE, &(struct why){"--cert is missing"}, "--method %s", opt.method);
    for (char **path = opt.certs; path && *path && !e; path++)
        e = add_cert(certs, *path);
    return e;
}

/* One recipient's row: its method must be that of those before, its certificate is added. */
static enum err add_recipient(struct store *store, const char *address, bool first,
                              enum cms_method *method, struct cms_certs **certs)
{
    struct why why = {""};
    char name[STORE_METHOD_MAX + 1];
    enum cms_method m = CMS_METHOD_NONE;
    struct buf cert;
    buf_init(&cert, STORE_CERT_MAX);
    enum err e = store_encryption(store, address, name, &cert, &why);
    if (e == ERR_NO)
        e = why_set(&why, ERR_CONFIG, "no entry in the encryption table");
    else if (!e && !cms_method_named(span_str(name), &m))
        e = why_set(&why, ERR_CONFIG, "unknown method %s in the encryption table", name);
    else if (!e && !first && m != *method)
        e = why_set(&why, ERR_CONFIG, "methods differ: one mail cannot be for all");
    else if (!e && m != CMS_METHOD_NONE && cert.len == 0)
        e = why_set(&why, ERR_CONFIG, "no certificate in the encryption table");
    *method = m;
    if (!e && m != CMS_METHOD_NONE)
        e = cms_certs_add(certs, buf_span(&cert), &why);
    buf_release(&cert);
    return diag_fail(e, &why, "%s", address);
}

static enum err open_station(struct home *home, struct store **store, const char *what)
{
    struct why why = {""};
    enum err e = home_open(home, HOME_ANY, &why);
    if (e)
        return diag_fail(e, &why, "station");
    e = store_open(home, STORE_READ, store, &why);
    if (e)
        home_close(home);
    return diag_fail(e, &why, "%s", what);
}

static enum err certs_by_table(struct mail_sealing *how, struct cms_certs **certs)
{
    struct home home;
    struct store *store = NULL;
    enum err e = open_station(&home, &store, "encryption table");
    if (e)
        return e;
    for (char **to = opt.to; *to && !e; to++)
        e = add_recipient(store, *to, to == opt.to, &how->seal.method, certs);
    store_close(store);
    home_close(&home);
    return e;
}

static enum err run_seal(struct mail *m, const char *name)
{
    struct why why = {""};
    struct cms_certs *certs = NULL;
    struct cms_key *signer = NULL;
    struct mail_sealing how = {.seal = {.method = CMS_METHOD_NONE, .oaep = opt.oaep},
                               .pss = opt.pss};
    enum err e = opt.to ? certs_by_table(&how, &certs) : certs_as_said(&how, &certs);
    if (!e && opt.sign)
        e = read_key(opt.sign, opt.signer, &signer);
    if (!e) {
        how.seal.certs = certs;
        how.signer = signer;
        if (certs)
            cms_certs_warn(certs);
        e = mail_seal(m, &how, STDOUT_FILENO, &why);
        told(m, e, &why, name);
    }
    cms_key_free(signer);
    cms_certs_free(certs);
    return e;
}

/* ---- Opening ---- */

static enum err key_of_user(struct cms_key **key)
{
    struct why why = {""};
    struct home home;
    struct store *store = NULL;
    struct buf pem, cert;
    enum err e = open_station(&home, &store, "users");
    if (e)
        return e;
    buf_init(&pem, VAULT_SEALED_MAX);
    buf_init(&cert, STORE_CERT_MAX);
    e = store_user_smime_key(store, &seal_vault, opt.user, &pem, &why);
    if (!e)
        e = store_user_certificate(store, opt.user, &cert, &why);
    if (!e)
        e = cms_key_read(buf_span(&pem), buf_span(&cert), &opt.password, NULL, key, &why);
    diag_fail(e == ERR_NO ? ERR_CONFIG : e, &why, "--user %s", opt.user);
    buf_wipe(&pem);
    buf_release(&cert);
    store_close(store);
    home_close(&home);
    return e == ERR_NO ? ERR_CONFIG : e;
}

static enum err run_open(struct mail *m, const char *name)
{
    struct why why = {""};
    struct cms_key *key = NULL;
    enum err e = opt.user ? key_of_user(&key) : read_key(opt.key, opt.certs[0], &key);
    if (!e) {
        e = mail_unseal(m, key, STDOUT_FILENO, &why);
        told(m, e, &why, name);
    }
    cms_key_free(key);
    return e;
}

static enum err run_verify(struct mail *m, const char *name)
{
    struct why why = {""};
    struct cms_certs *ca = NULL;
    enum err e = add_cert(&ca, opt.ca);
    if (!e) {
        e = mail_verify(m, ca, STDOUT_FILENO, &why);
        told(m, e, &why, name);
    }
    cms_certs_free(ca);
    return e;
}

static enum err run_unsign(struct mail *m, const char *name)
{
    struct why why = {""};
    enum err e = mail_unsign(m, STDOUT_FILENO, &why);
    return told(m, e, &why, name);
}

static const char *wrong_with_open(void)
{
    if (!opt.user == !opt.key || (opt.key && (!opt.certs || opt.certs[1])) ||
        (opt.user && opt.certs))
        return "-d needs --key and one --cert, or --user";
    return opt.to || opt.method || opt.oaep || opt.sign || opt.signer || opt.pss || opt.verify ||
                   opt.unsign || opt.ca
               ? "-d goes with no option for sealing, signing or verifying"
               : NULL;
}

static const char *wrong_with_seal(void)
{
    if (opt.key || opt.user)
        return "--key and --user go with -d only";
    if (!opt.sign != !opt.signer)
        return "--sign and --signer go together";
    if (opt.pss && !opt.sign)
        return "--pss goes with --sign";
    if (opt.ca)
        return "--ca goes with --verify";
    if (opt.to && opt.method)
        return "one of --to and --method must say how to seal";
    if (!opt.to && !opt.method && !opt.sign)
        return "nothing to do: --to, --method, --sign, --verify, --unsign or -d";
    if (opt.certs && !opt.method)
        return "--cert goes with --method or -d: for --to the table has it";
    return opt.oaep && !opt.to && !opt.method ? "--oaep goes with --to or --method" : NULL;
}

static enum err check_options(void)
{
    const char *wrong = NULL;
    if (opt.decrypt)
        wrong = wrong_with_open();
    else if (!opt.verify && !opt.unsign)
        wrong = wrong_with_seal();
    else if (opt.to || opt.method || opt.certs || opt.oaep || opt.sign || opt.signer || opt.pss ||
             opt.key || opt.user || (opt.verify && opt.unsign))
        wrong = opt.verify ? "--verify goes with --ca alone" : "--unsign stands alone";
    else if (!opt.verify != !opt.ca)
        wrong = opt.verify ? "--verify needs --ca" : "--ca goes with --verify";
    return wrong ? (diag_error("%s", wrong), ERR_USAGE) : ERR_NONE;
}

static enum err run(const struct operands *operands)
{
    struct why why = {""};
    const char *path = operands->list[0], *name = path && strcmp(path, "-") != 0 ? path : "stdin";
    struct mail m = {.fd = -1};
    int fd = -1;
    enum err e = operands_check(operands, 0, 1);
    if (!e)
        e = check_options();
    if (e)
        return e;
    guard_keys();
    base64_use(cpu_env_mask());
    e = io_open(path, &fd, &why);
    if (!e)
        e = mail_begin(&m, fd, &why);
    if (e)
        diag_fail(e, &why, "%s", name);
    else
        e = opt.decrypt  ? run_open(&m, name)
            : opt.verify ? run_verify(&m, name)
            : opt.unsign ? run_unsign(&m, name)
                         : run_seal(&m, name);
    mail_end(&m);
    if (fd > 2)
        close(fd);
    return e;
}

int main(int argc, char **argv)
{
    static const struct program program = {"mime-crypt", "[FILE]", options, run, NULL};
    return program_main(&program, argc, argv);
}
