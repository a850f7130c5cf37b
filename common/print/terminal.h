/*
 * What the terminal can show: asked of it, where there is one.
 */
#ifndef PRINT_TERMINAL_H
#define PRINT_TERMINAL_H

enum terminal_graphics {
    TERMINAL_BLOCKS, /* Unicode quadrants: any terminal, a pipe, a file */
    TERMINAL_SIXEL,  /* DEC's: device attribute 4 */
    TERMINAL_KITTY,  /* kitty's graphics protocol */
};

struct terminal {
    enum terminal_graphics graphics;
    unsigned columns; /* of characters */
    unsigned pels;    /* its width, or a guess at it */
};

/*
 * Looks at the terminal fd. Where it is one, asks on it for kitty's graphics and for its device
 * attributes, and waits at most half a second for the answers; without answers, and where fd is
 * no terminal, or $TERM is dumb or unset, it has blocks. Without a size of its own $COLUMNS
 * counts, else 80.
 */
void terminal_look(int fd, struct terminal *t);

#endif
