"""Small files that claim much: each is to be refused, or read in time linear in its size."""
import struct
import zlib

SHORT, LONG = 3, 4

def entry(tag, value, kind=LONG, count=1):
    return struct.pack('<HHII', tag, kind, count, value)

def directory(tags, following=0):
    """tags: {tag: value or (kind, count, offset)}."""
    made = b''.join(entry(t, v) if isinstance(v, int) else entry(t, v[2], v[0], v[1])
                    for t, v in sorted(tags.items()))
    return struct.pack('<H', len(tags)) + made + struct.pack('<I', following)

def tiff(name, tags, data, pages=1):
    """Pages of the same tags, sharing the bytes behind them; 'DATA' + n is where those lie."""
    size = 6 + 12 * len(tags)
    at = 8 + size * pages
    def place(v):
        if isinstance(v, int):
            return v
        if v[0] == 'at':
            return at + v[1]
        return (v[0], v[1], at + v[2])
    placed = {t: place(v) for t, v in tags.items()}
    with open(name, 'wb') as f:
        f.write(struct.pack('<2sHI', b'II', 42, 8))
        for i in range(pages):
            f.write(directory(placed, 8 + size * (i + 1) if i + 1 < pages else 0))
        f.write(data)

def page(compression, width, rows, length, **more):
    tags = {256: width, 257: rows, 259: compression, 262: 0, 273: ('at', 0), 278: rows, 279: length}
    tags.update({int(k[1:]): v for k, v in more.items()})
    return tags

EOL_WHITE = bytes.fromhex('0014d9a0')  # EOL, white 1728

def overlapping_directories(name, entries=20000, pages=15000):
    """Every cell of 12 bytes ends in a count of entries and begins as a pointer to a directory."""
    cells = []
    for i in range(entries + pages + 1):
        following = 8 + 12 * (i - entries + 2) - 2
        head = struct.pack('<I', following if entries <= i < entries + pages else 0x00031000)
        cells.append(head + struct.pack('<IHH', 1, 0, entries))
    for i, (t, v) in enumerate(sorted(page(4, 1728, 1, 1, _273=8 + 12 * (entries + pages + 1)).items())):
        cells[pages + 10 + i] = entry(t, v)
    with open(name, 'wb') as f:
        f.write(struct.pack('<2sHI', b'II', 42, 18) + b''.join(cells) + b'\xff')

def table(values):
    return struct.pack('<%dI' % len(values), *values)

def shared():
    """Many pages out of the same bytes."""
    noise = bytes((i * i * 31 + i // 7) & 0xff for i in range(100000))
    tiff('shared.tif', page(4, 1728, 2000, 100000), noise, 1000)
    tiff('shared-white.tif', page(4, 1728, 160000, 20000), b'\xff' * 20000, 300)
    tiff('shared-lie.tif', page(3, 65535, 30000, 120000), EOL_WHITE * 30000, 1000)
    tiff('turned-shared.tif', page(4, 4000, 16000, 2000, _274=6), b'\xff' * 2000, 300)
    tiff('packbits-shared.tif', page(32773, 1728, 10000, 30000), b'\x81\xff' * 15000, 300)
    z = zlib.compress(b'\0' * 4000000)
    tiff('deflate-shared.tif', page(8, 4000, 8000, len(z)), z, 500)
    tiff('grey-shared.tif', page(8, 2000, 2000, len(z), _258=8, _277=1), z, 60)

def strips():
    """Strips that owe rows, have no bytes, or the same ones."""
    for pages in 1, 500:
        tiff(f'owed{pages}.tif',
             {256: 2040, 257: 1048570, 259: 4, 262: 0, 273: (LONG, 2, 0), 278: 1048560,
              279: (LONG, 2, 8)},
             table([8 + 90 * pages + 16] * 2 + [1] * 2) + b'\xff', pages)
    n = 30000
    tags = {256: 8, 257: n, 259: 3, 262: 0, 273: (LONG, n, 0), 278: 1, 279: (LONG, n, 4 * n)}
    tiff('strips.tif', tags, table([8] * n) + table([0] * n))
    tiff('strips-shared.tif', tags, table([8] * n) + table([1] * n), 2000)
    tiff('strips-bytes.tif', {256: 8, 257: n, 259: 3, 262: 0, 273: (1, n, 0), 278: 1}, b'\x08' * n)
    tags[259] = 32773
    tiff('foreign-strips.tif', tags, table([250000] * n) + table([300000] * n) + b'\x80' * 400000)
    tags.pop(279)
    tiff('foreign-uncounted.tif', tags, table([200000] * n) + b'\x80' * 500000)
    tiff('packbits.tif', page(32773, 8, 1000000, 300000), b'\x80' * 300000)

def tall():
    tiff('tall.tif', page(4, 1728, 300000, 37500), b'\xff' * 37500)
    tiff('taller.tif', page(4, 1728, 8000000, 1000000), b'\xff' * 1000000)

def twice():
    """Widths that two readers take differently: room for one row of 1 pel, filled by 20,000."""
    for name, widths in ('thrice', (1, 20000, 1)), ('twice', (20000, 1)):
        tags = [entry(256, w) for w in widths]
        tags += [entry(t, v) for t, v in ((257, 200), (258, 8), (259, 1), (262, 1), (273, 200), (277, 1), (278, 200))]
        with open(name + '.tif', 'wb') as f:
            f.write(struct.pack('<2sHIH', b'II', 42, 8, len(tags)) + b''.join(tags) + bytes(4) + b'\x55' * 4000200)

def others():
    """Not TIFFs: endless EOLs, zeros, blank rows, pages of nothing."""
    with open('eols.g3', 'wb') as f:
        f.write(b'\x00\x10\x01' * 300000)
    with open('zeros.g3', 'wb') as f:
        f.write(b'\x00\x01' + b'\0' * 1000000)
    with open('five-eols.g3', 'wb') as f:
        f.write((b'\x00\x10\x01' * 2 + EOL_WHITE) * 100000)
    with open('blank.sff', 'wb') as f:
        f.write(b'Sfff' + struct.pack('<BBHHHII', 1, 0, 0, 1, 20, 0, 0))
        for _ in range(30):
            f.write(struct.pack('<BBBBBBHHII', 254, 16, 1, 0, 0, 0, 1728, 0, 0, 0) + bytes([253] * 800))
        f.write(b'\xfe\0')
    with open('headers.g3', 'wb') as f:
        for _ in range(20000):
            f.write(b'\0faxpipe G3 page\0' + bytes(7) + struct.pack('<HH', 0, 1) + b'\1\1' +
                    bytes(15) + b'\x40FXP1' + struct.pack('<HHHBBIH', 65535, 204, 196, 2, 0, 0, 0))

if __name__ == '__main__':
    overlapping_directories('directories.tif')
    shared()
    strips()
    tall()
    twice()
    others()
