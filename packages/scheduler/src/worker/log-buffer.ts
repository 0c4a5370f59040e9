/** A part of a stream; `offset` counts the stream's bytes before it. */
export interface LogPart {
  readonly offset: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

const blockBytes = 32 * 1024;

/** Memory of a fixed size; what is in it stands between `from` and `to`. */
interface Block {
  readonly memory: Uint8Array;
  from: number;
  to: number;
}

/**
 * Bytes in their order, with the place of the first in their stream. They are copied into blocks, because a command may write
 * them one by one, and kept as it wrote them each would take a hundred times its size.
 */
class ByteQueue {
  readonly #blocks: Block[] = [];
  start: number;
  size = 0;

  constructor(start: number) {
    this.start = start;
  }

  push(bytes: Uint8Array): void {
    this.size += bytes.length;
    for (let left = bytes; left.length > 0; ) {
      const block = this.#blockWithRoom();
      const taken = left.subarray(0, blockBytes - block.to);
      block.memory.set(taken, block.to);
      block.to += taken.length;
      left = left.subarray(taken.length);
    }
  }

  #blockWithRoom(): Block {
    const last = this.#blocks.at(-1);
    if (last && last.to < blockBytes) return last;
    const block = { memory: new Uint8Array(blockBytes), from: 0, to: 0 };
    this.#blocks.push(block);
    return block;
  }

  /** A copy of the first bytes. */
  peek(count: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(Math.min(count, this.size));
    let at = 0;
    for (const { memory, from, to } of this.#blocks) {
      if (at === bytes.length) break;
      const taken = memory.subarray(from, Math.min(to, from + bytes.length - at));
      bytes.set(taken, at);
      at += taken.length;
    }
    return bytes;
  }

  drop(count: number): void {
    if (count <= 0) return;
    this.start += count;
    this.size -= count;
    let left = count;
    for (let [first] = this.#blocks; first && left > 0; [first] = this.#blocks) {
      const dropped = Math.min(left, first.to - first.from);
      first.from += dropped;
      left -= dropped;
      if (first.from === first.to) this.#blocks.shift();
    }
  }
}

/**
 * What of a stream is still to be sent: its head whole, and of what follows the last `tailBytes`. So a command never waits for
 * a master that is slow or away, and what it wrote last is never missing.
 */
export class LogBuffer {
  readonly #tailBytes: number;
  readonly #head = new ByteQueue(0);
  readonly #tail: ByteQueue;
  #headLeft: number;
  #isOver = false;
  #changed = Promise.withResolvers<void>();

  constructor(headBytes: number, tailBytes: number) {
    this.#headLeft = headBytes;
    this.#tailBytes = tailBytes;
    this.#tail = new ByteQueue(headBytes);
  }

  get sizeBytes(): number {
    return this.#head.size + this.#tail.size;
  }

  /** Has the stream ended? What is left in the buffer is its rest. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Has the head been sent? */
  get isPastHead(): boolean {
    return this.#headLeft === 0 && this.#head.size === 0;
  }

  /** Resolves at the next change. */
  get changed(): Promise<void> {
    return this.#changed.promise;
  }

  push(bytes: Uint8Array): void {
    const head = bytes.subarray(0, this.#headLeft);
    this.#headLeft -= head.length;
    if (head.length > 0) this.#head.push(head);
    if (head.length < bytes.length) this.#tail.push(bytes.subarray(head.length));
    this.#tail.drop(this.#tail.size - this.#tailBytes);
    this.#notify();
  }

  end(): void {
    this.#isOver = true;
    this.#notify();
  }

  /** Takes the next part, of at most so many bytes. It ends with a whole character where that can be. */
  take(maxBytes: number): LogPart | undefined {
    const queue = this.#head.size > 0 ? this.#head : this.#tail;
    if (queue.size === 0) return undefined;
    const offset = queue.start;
    const bytes = queue.peek(maxBytes);
    const isLast = bytes.length === queue.size && (this.#isOver || (queue === this.#head && this.#headLeft === 0));
    const kept = isLast ? bytes.length : bytes.length - countIncomplete(bytes);
    queue.drop(kept);
    return { offset, bytes: bytes.subarray(0, kept) };
  }

  #notify(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

/** How many bytes at the end are the beginning of a character of UTF-8; 0 where nothing else would be left. */
function countIncomplete(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length - 1); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if ((byte & 0b1100_0000) === 0b1000_0000) continue;
    const length = byte >= 0b1111_0000 ? 4 : byte >= 0b1110_0000 ? 3 : byte >= 0b1100_0000 ? 2 : 1;
    return length > back ? back : 0;
  }
  return 0;
}
