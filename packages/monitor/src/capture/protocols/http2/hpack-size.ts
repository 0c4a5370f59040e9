/** Of the encoder's dynamic table, unless a peer asks for less (RFC 9113, section 6.5.2). */
const defaultTableSize = 4096;
/** What an entry takes beside its name and value (RFC 7541, section 4.1). */
const entryOverhead = 32;

/** The static table (RFC 7541, appendix A), in order: names, each with its values. */
const staticNames: readonly [name: string, ...values: string[]][] = [
  [':authority', ''],
  [':method', 'GET', 'POST'],
  [':path', '/', '/index.html'],
  [':scheme', 'http', 'https'],
  [':status', '200', '204', '206', '304', '400', '404', '500'],
  ['accept-charset', ''],
  ['accept-encoding', 'gzip, deflate'],
  ...(
    'accept-language accept-ranges accept access-control-allow-origin age allow authorization cache-control ' +
    'content-disposition content-encoding content-language content-length content-location content-range ' +
    'content-type cookie date etag expect expires from host if-match if-modified-since if-none-match if-range ' +
    'if-unmodified-since last-modified link location max-forwards proxy-authenticate proxy-authorization range ' +
    'referer refresh retry-after server set-cookie strict-transport-security transfer-encoding user-agent vary via ' +
    'www-authenticate'
  )
    .split(' ')
    .map((name): [string, string] => [name, '']),
];

/** Bits of each byte in the static Huffman code (RFC 7541, appendix B), in base 36. */
const huffmanBits = Uint8Array.from(
  'dnsssssssoussussssssssusssssssss6aacd68baa8b8666555666666678f6cad67777777777777777777777878djde6f565' +
    '65666577666567655677777fbedskmkkmmmnmnnnnnonoomnonnnnlmnmnnomlkmmnnlnmmolmnnllmlnmnnkmmmnmmnqqkjmnmp' +
    'qqqrrqopjlqrrqrollqqsrrrkoklmllnmmppooqnqrqqrrrrrsrrrrrq',
  (digit) => Number.parseInt(digit, 36),
);

interface StaticName {
  readonly index: number;
  readonly values: ReadonlyMap<string, number>;
}

interface Entry {
  readonly value: string;
  readonly name: Name;
  readonly size: number;
  /** How many entries were inserted before it. */
  readonly sequence: number;
}

/** All that is known of one name, so that each header takes one look. */
interface Name {
  readonly text: string;
  readonly fixed: StaticName | undefined;
  /** Its values seldom come again: nghttp2 writes it without indexing (lib/nghttp2_hd.c). */
  readonly isUnindexed: boolean;
  /** Values that are shorter are never compressed: by watching the length they could be guessed. */
  readonly secretBelow: number;
  /** In the dynamic table, oldest first. */
  readonly entries: Entry[];
  /** A value whose length doesn't depend on the dynamic table, and that length: the last that was met. */
  lastValue: string | undefined;
  lastLength: number;
}

const statics = new Map<string, StaticName>();
/** Index of the last entry of the static table. */
let lastStatic = 0;
for (const [name, ...values] of staticNames) {
  const index = lastStatic + 1;
  statics.set(name, { index, values: new Map(values.map((value, offset) => [value, index + offset])) });
  lastStatic += values.length;
}

/** Names with secrets, and below which length their values are taken for secret (lib/nghttp2_hd.c). */
const secretBelow: ReadonlyMap<string, number> = new Map([
  ['authorization', Number.POSITIVE_INFINITY],
  ['cookie', 20],
]);

const unindexed = new Set([
  ':path',
  'age',
  'content-length',
  'etag',
  'if-modified-since',
  'if-none-match',
  'location',
  'set-cookie',
]);

/**
 * How long a header is in the HPACK block that nghttp2 makes of it, given the headers before. That is what Node
 * sends, and what curl, h2load and Node's client send; other clients compress a little differently, so that what
 * they send is an estimate.
 */
export class HpackSize {
  #maxSize = defaultTableSize;
  #size = 0;
  #inserted = 0;
  /** Oldest first, from `#first` on. */
  #entries: Entry[] = [];
  #first = 0;
  /** Those of the static table once they were met, and those in the dynamic table. */
  readonly #names = new Map<string, Name>();

  /** The peer allows a dynamic table of so many bytes. */
  limit(bytes: number): void {
    this.#maxSize = Math.min(bytes, defaultTableSize);
    this.#evict(0);
  }

  /** Bytes of one header; the table afterwards is as if it had been sent. */
  add(text: string, value: string, isSensitive = false): number {
    const name = this.#names.get(text) ?? this.#meet(text.toLowerCase());
    if (value === name.lastValue && !isSensitive) return name.lastLength;
    const { fixed, entries } = name;
    const isSecret = isSensitive || value.length < name.secretBelow;
    if (!isSecret) {
      for (let at = entries.length - 1; at >= 0; at--) {
        const entry = entries[at] as Entry;
        if (entry.value === value) return integerLength(this.#indexOf(entry), 7);
      }
      const index = fixed?.values.get(value);
      if (index !== undefined) return remember(name, value, integerLength(index, 7));
    }
    const size = text.length + value.length + entryOverhead;
    const isLiteral = isSecret || name.isUnindexed || size > (this.#maxSize * 3) / 4;
    const length = this.#nameLength(name, isLiteral ? 4 : 6) + stringLength(value);
    if (!isLiteral) this.#insert(name, value, size);
    else if (fixed !== undefined && name.isUnindexed && !isSensitive) remember(name, value, length);
    return length;
  }

  #meet(text: string): Name {
    const known = this.#names.get(text);
    if (known !== undefined) return known;
    const fixed = statics.get(text);
    const name = {
      text,
      fixed,
      isUnindexed: unindexed.has(text),
      secretBelow: secretBelow.get(text) ?? 0,
      entries: [],
      lastValue: undefined,
      lastLength: 0,
    };
    if (fixed !== undefined) this.#names.set(text, name);
    return name;
  }

  #nameLength({ text, fixed, entries }: Name, prefix: number): number {
    if (fixed !== undefined) return integerLength(fixed.index, prefix);
    const newest = entries[entries.length - 1];
    return newest === undefined ? 1 + stringLength(text) : integerLength(this.#indexOf(newest), prefix);
  }

  #indexOf(entry: Entry): number {
    return lastStatic + this.#inserted - entry.sequence;
  }

  #insert(name: Name, value: string, size: number): void {
    this.#evict(size);
    const entry = { value, name, size, sequence: this.#inserted++ };
    this.#entries.push(entry);
    this.#size += size;
    if (name.fixed === undefined && name.entries.length === 0) this.#names.set(name.text, name);
    name.entries.push(entry);
  }

  /** Makes room for an entry of so many bytes. */
  #evict(room: number): void {
    while (this.#size + room > this.#maxSize && this.#first < this.#entries.length) {
      const { name, size } = this.#entries[this.#first++] as Entry;
      this.#size -= size;
      name.entries.shift();
      if (name.fixed === undefined && name.entries.length === 0) this.#names.delete(name.text);
    }
    // Half of the array are entries that are gone.
    if (this.#first > 64 && this.#first * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#first);
      this.#first = 0;
    }
  }
}

function remember(name: Name, value: string, length: number): number {
  name.lastValue = value;
  name.lastLength = length;
  return length;
}

/** Bytes of an integer whose first byte has `prefix` bits for it (RFC 7541, section 5.1). */
function integerLength(value: number, prefix: number): number {
  let rest = value - ((1 << prefix) - 1);
  if (rest < 0) return 1;
  let length = 2;
  for (; rest >= 128; rest = Math.floor(rest / 128)) length++;
  return length;
}

/** Bytes of a string with its length, in the Huffman code where that is shorter (RFC 7541, section 5.2). */
function stringLength(text: string): number {
  let bits = 0;
  for (let at = 0; at < text.length; at++) bits += huffmanBits[text.charCodeAt(at) & 0xff] as number;
  const length = Math.min(text.length, Math.ceil(bits / 8));
  return integerLength(length, 7) + length;
}
