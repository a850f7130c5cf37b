"""TIFFs whose tags lie, made of gs.tif's page."""
import struct, subprocess, sys
SHORT, LONG, RATIONAL = 3, 4, 5

def strip(coding, *options):
    """The page's bits, MSB first, with RTC or EOFB."""
    return subprocess.run(['g3tiff', '-q', '-d', '--raw', '-c', coding, *options, 'gs.tif'],
                          check=True, capture_output=True).stdout

def lsb(data):
    return bytes(int(f'{b:08b}'[::-1], 2) for b in data)

def write(name, data, tags=None, order='<', last=False, sort=True, dirty=0, drop=(), strips=None):
    rows = 2292
    offsets = strips or [(0, len(data))]
    t = {254: (LONG, [2]), 256: (SHORT, [1728]), 257: (LONG, [rows]), 258: (SHORT, [1]),
         259: (SHORT, [3]), 262: (SHORT, [0]), 266: (SHORT, [1]), 273: (LONG, [0] * len(offsets)),
         277: (SHORT, [1]), 278: (LONG, [rows]), 279: (LONG, [n for _, n in offsets]),
         282: (RATIONAL, [204]), 283: (RATIONAL, [196]), 292: (LONG, [0]), 296: (SHORT, [2])}
    t.update(tags or {})
    for d in drop:
        t.pop(d, None)
    order_of_tags = sorted(t) if sort else sorted(t, reverse=True)
    ifd_size = 2 + 12 * len(t) + 4
    ifd_at = 8 + len(data) + len(data) % 2 if last else 8
    values_at = ifd_at + ifd_size
    values = b''
    data_at = 8 if last else values_at + 1024
    if 273 in t:
        t[273] = (LONG, [data_at + o for o, _ in offsets])
    ifd = struct.pack(order + 'H', len(t))
    for tag in order_of_tags:
        kind, v = t[tag]
        code = {SHORT: 'H', LONG: 'I', RATIONAL: 'I'}[kind]
        raw = b''.join(struct.pack(order + code, x) + (struct.pack(order + 'I', 1) if kind == RATIONAL else b'')
                       for x in v)
        if len(raw) <= 4:
            pad = struct.pack(order + 'H', dirty) if kind == SHORT and len(raw) == 2 else b''
            field = (raw + pad).ljust(4, b'\0')
        else:
            field = struct.pack(order + 'I', values_at + len(values))
            values += raw
        ifd += struct.pack(order + 'HHI', tag, kind, len(v)) + field
    ifd += struct.pack(order + 'I', 0)
    head = (b'II' if order == '<' else b'MM') + struct.pack(order + 'HI', 42, ifd_at)
    with open(name, 'wb') as f:
        if last:
            f.write(head + data + b'\0' * (len(data) % 2) + ifd + values)
        else:
            assert len(values) <= 1024
            f.write(head + ifd + values.ljust(1024, b'\0') + data)

def bits(data):
    return ''.join(f'{b:08b}' for b in data)

def pack(s):
    s += '0' * (-len(s) % 8)
    return bytes(int(s[i:i + 8], 2) for i in range(0, len(s), 8))

def without_eols(data, align):
    """Bare MH rows: no run code holds eleven zeros, so that EOLs are found by looking."""
    out, rest = '', bits(data).rstrip('0')
    rows = [r for r in rest.replace('00000000000' + '1', '|').split('|') if r]
    for r in rows:
        out += r
        if align:
            out += '0' * (-len(out) % 8)
    return pack(out)

def on_words(data):
    """As without_eols, every row starting on a word of 16 bits."""
    out = ''
    for r in bits(data).rstrip('0').replace('0' * 11 + '1', '|').split('|'):
        out += r + '0' * (-len(out + r) % 16)
    return pack(out)

def every_kind():
    """The page's data in every way of the field, with the truth about Compression and T4Options."""
    mh = strip('mh')
    return {'mh': (mh, 3, 0), 'mr': (strip('mr'), 3, 1), 'mmr': (strip('mmr'), 4, 0),
            'noeol': (without_eols(mh, False), 3, 0), 'rle': (without_eols(mh, True), 2, 0),
            'rlew': (on_words(mh), 32771, 0)}

def patch(name, out, tags):
    """A copy with entries of one value replaced; a kind of 0 makes the tag one that nobody knows."""
    d = bytearray(open(name, 'rb').read())
    order = '<' if d[:2] == b'II' else '>'
    at, = struct.unpack(order + 'I', d[4:8])
    while at:
        n, = struct.unpack(order + 'H', d[at:at + 2])
        for p in range(at + 2, at + 2 + 12 * n, 12):
            tag, = struct.unpack(order + 'H', d[p:p + 2])
            if tag not in tags:
                continue
            kind, value = tags[tag]
            if kind == 0:
                d[p:p + 2] = struct.pack(order + 'H', value)
            elif kind == RATIONAL:
                at_value, = struct.unpack(order + 'I', d[p + 8:p + 12])
                d[at_value:at_value + 8] = struct.pack(order + 'II', value, 1)
            else:
                field = struct.pack(order + 'HH', value, 0) if kind == SHORT else struct.pack(order + 'I', value)
                d[p + 2:p + 12] = struct.pack(order + 'HI', kind, 1) + field
        at, = struct.unpack(order + 'I', d[at + 2 + 12 * n:at + 6 + 12 * n])
    open(out, 'wb').write(d)

def read(name, *options):
    """What g3tiff -d --pbm makes of it: the pels and the words."""
    p = subprocess.run(['g3tiff', '-d', '--pbm', *options, name], capture_output=True)
    return p.stdout, p.stderr.decode()

def expect(name, told, *context):
    """The page comes out, and the words name what lied."""
    got, words = read(name)
    assert got == open('want.pbm', 'rb').read(), (name, context, words)
    assert told in words, (context, told, words)

def every_page_lies(name, pages):
    """A document whose pages lie each in another way than the one before."""
    kinds = list(every_kind().values())
    at, out = 8, b'II*\0' + struct.pack('<I', 8)
    for i in range(pages):
        data = kinds[i % 6][0] if i % 2 == 0 else lsb(kinds[i % 6][0])
        data += b'\0' * (len(data) % 2)
        tags = {254: 2, 256: (2048, 1728, 2432)[i % 3], 257: (2292, 0, 5000)[i % 3],
                259: (3, 4, 2)[i % 3], 262: 0, 266: 1, 277: 1, 278: 2292, 279: len(data), 292: 0}
        size = 2 + 12 * (len(tags) + 1) + 4
        tags[273] = at + size
        at += size + len(data)
        out += struct.pack('<H', len(tags))
        out += b''.join(struct.pack('<HHII', t, LONG, 1, v) for t, v in sorted(tags.items()))
        out += struct.pack('<I', at if i + 1 < pages else 0) + data
    open(name, 'wb').write(out)
