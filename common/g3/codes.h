/*
 * The code words of T.4 (tables 2, 3a and 3b), once, for the encoder and the decoder: each list is
 * of X(run, length in bits, code word). The two-dimensional codes are few and stand where used.
 */
#ifndef G3_CODES_H
#define G3_CODES_H

enum { G3_EOL_BITS = 12, G3_EOL_ZEROS = 11, G3_CODE_BITS = 13, G3_MAKE_UP_MAX = 2560 };

/* Table 2/T.4, white. */
#define G3_WHITE_TERMINATING(X)                                                                   \
    X(0, 8, 0x35) X(1, 6, 0x7) X(2, 4, 0x7) X(3, 4, 0x8) X(4, 4, 0xb) X(5, 4, 0xc) X(6, 4, 0xe)   \
    X(7, 4, 0xf) X(8, 5, 0x13) X(9, 5, 0x14) X(10, 5, 0x7) X(11, 5, 0x8) X(12, 6, 0x8)            \
    X(13, 6, 0x3) X(14, 6, 0x34) X(15, 6, 0x35) X(16, 6, 0x2a) X(17, 6, 0x2b) X(18, 7, 0x27)      \
    X(19, 7, 0xc) X(20, 7, 0x8) X(21, 7, 0x17) X(22, 7, 0x3) X(23, 7, 0x4) X(24, 7, 0x28)         \
    X(25, 7, 0x2b) X(26, 7, 0x13) X(27, 7, 0x24) X(28, 7, 0x18) X(29, 8, 0x2) X(30, 8, 0x3)       \
    X(31, 8, 0x1a) X(32, 8, 0x1b) X(33, 8, 0x12) X(34, 8, 0x13) X(35, 8, 0x14) X(36, 8, 0x15)     \
    X(37, 8, 0x16) X(38, 8, 0x17) X(39, 8, 0x28) X(40, 8, 0x29) X(41, 8, 0x2a) X(42, 8, 0x2b)     \
    X(43, 8, 0x2c) X(44, 8, 0x2d) X(45, 8, 0x4) X(46, 8, 0x5) X(47, 8, 0xa) X(48, 8, 0xb)         \
    X(49, 8, 0x52) X(50, 8, 0x53) X(51, 8, 0x54) X(52, 8, 0x55) X(53, 8, 0x24) X(54, 8, 0x25)     \
    X(55, 8, 0x58) X(56, 8, 0x59) X(57, 8, 0x5a) X(58, 8, 0x5b) X(59, 8, 0x4a) X(60, 8, 0x4b)     \
    X(61, 8, 0x32) X(62, 8, 0x33) X(63, 8, 0x34)

/* Table 2/T.4, black. */
#define G3_BLACK_TERMINATING(X)                                                                   \
    X(0, 10, 0x37) X(1, 3, 0x2) X(2, 2, 0x3) X(3, 2, 0x2) X(4, 3, 0x3) X(5, 4, 0x3) X(6, 4, 0x2)  \
    X(7, 5, 0x3) X(8, 6, 0x5) X(9, 6, 0x4) X(10, 7, 0x4) X(11, 7, 0x5) X(12, 7, 0x7)              \
    X(13, 8, 0x4) X(14, 8, 0x7) X(15, 9, 0x18) X(16, 10, 0x17) X(17, 10, 0x18) X(18, 10, 0x8)     \
    X(19, 11, 0x67) X(20, 11, 0x68) X(21, 11, 0x6c) X(22, 11, 0x37) X(23, 11, 0x28)               \
    X(24, 11, 0x17) X(25, 11, 0x18) X(26, 12, 0xca) X(27, 12, 0xcb) X(28, 12, 0xcc)               \
    X(29, 12, 0xcd) X(30, 12, 0x68) X(31, 12, 0x69) X(32, 12, 0x6a) X(33, 12, 0x6b)               \
    X(34, 12, 0xd2) X(35, 12, 0xd3) X(36, 12, 0xd4) X(37, 12, 0xd5) X(38, 12, 0xd6)               \
    X(39, 12, 0xd7) X(40, 12, 0x6c) X(41, 12, 0x6d) X(42, 12, 0xda) X(43, 12, 0xdb)               \
    X(44, 12, 0x54) X(45, 12, 0x55) X(46, 12, 0x56) X(47, 12, 0x57) X(48, 12, 0x64)               \
    X(49, 12, 0x65) X(50, 12, 0x52) X(51, 12, 0x53) X(52, 12, 0x24) X(53, 12, 0x37)               \
    X(54, 12, 0x38) X(55, 12, 0x27) X(56, 12, 0x28) X(57, 12, 0x58) X(58, 12, 0x59)               \
    X(59, 12, 0x2b) X(60, 12, 0x2c) X(61, 12, 0x5a) X(62, 12, 0x66) X(63, 12, 0x67)

/* Table 3a/T.4, white. */
#define G3_WHITE_MAKE_UP(X)                                                                       \
    X(64, 5, 0x1b) X(128, 5, 0x12) X(192, 6, 0x17) X(256, 7, 0x37) X(320, 8, 0x36)                \
    X(384, 8, 0x37) X(448, 8, 0x64) X(512, 8, 0x65) X(576, 8, 0x68) X(640, 8, 0x67)               \
    X(704, 9, 0xcc) X(768, 9, 0xcd) X(832, 9, 0xd2) X(896, 9, 0xd3) X(960, 9, 0xd4)               \
    X(1024, 9, 0xd5) X(1088, 9, 0xd6) X(1152, 9, 0xd7) X(1216, 9, 0xd8) X(1280, 9, 0xd9)          \
    X(1344, 9, 0xda) X(1408, 9, 0xdb) X(1472, 9, 0x98) X(1536, 9, 0x99) X(1600, 9, 0x9a)          \
    X(1664, 6, 0x18) X(1728, 9, 0x9b)

/* Table 3a/T.4, black. */
#define G3_BLACK_MAKE_UP(X)                                                                       \
    X(64, 10, 0xf) X(128, 12, 0xc8) X(192, 12, 0xc9) X(256, 12, 0x5b) X(320, 12, 0x33)            \
    X(384, 12, 0x34) X(448, 12, 0x35) X(512, 13, 0x6c) X(576, 13, 0x6d) X(640, 13, 0x4a)          \
    X(704, 13, 0x4b) X(768, 13, 0x4c) X(832, 13, 0x4d) X(896, 13, 0x72) X(960, 13, 0x73)          \
    X(1024, 13, 0x74) X(1088, 13, 0x75) X(1152, 13, 0x76) X(1216, 13, 0x77) X(1280, 13, 0x52)     \
    X(1344, 13, 0x53) X(1408, 13, 0x54) X(1472, 13, 0x55) X(1536, 13, 0x5a) X(1600, 13, 0x5b)     \
    X(1664, 13, 0x64) X(1728, 13, 0x65)

/* Table 3b/T.4, both colours. */
#define G3_COMMON_MAKE_UP(X)                                                                      \
    X(1792, 11, 0x8) X(1856, 11, 0xc) X(1920, 11, 0xd) X(1984, 12, 0x12) X(2048, 12, 0x13)        \
    X(2112, 12, 0x14) X(2176, 12, 0x15) X(2240, 12, 0x16) X(2304, 12, 0x17) X(2368, 12, 0x1c)     \
    X(2432, 12, 0x1d) X(2496, 12, 0x1e) X(2560, 12, 0x1f)

/* The terminating codes of black by name: G3_BLACK_BITS_3, G3_BLACK_WORD_3. */
#define G3_BLACK_NAMED(run, bits, word) G3_BLACK_BITS_##run = (bits), G3_BLACK_WORD_##run = (word),
enum { G3_BLACK_TERMINATING(G3_BLACK_NAMED) };

/*
 * Most of a text is a short white run and a shorter black one: X(run, bits, word, black) of a
 * white code (as the lists above give it) and each black run from 1 to 14. G3_PAIR_WORD and
 * G3_PAIR_BITS are the two codes as one.
 */
#define G3_PAIR_BITS(bits, black) ((bits) + G3_BLACK_BITS_##black)
#define G3_PAIR_WORD(word, black) ((word) << G3_BLACK_BITS_##black | G3_BLACK_WORD_##black)
#define G3_PAIRS(X, run, bits, word)                                                              \
    X(run, bits, word, 1) X(run, bits, word, 2) X(run, bits, word, 3) X(run, bits, word, 4)       \
    X(run, bits, word, 5) X(run, bits, word, 6) X(run, bits, word, 7) X(run, bits, word, 8)       \
    X(run, bits, word, 9) X(run, bits, word, 10) X(run, bits, word, 11) X(run, bits, word, 12)    \
    X(run, bits, word, 13) X(run, bits, word, 14)

#endif
