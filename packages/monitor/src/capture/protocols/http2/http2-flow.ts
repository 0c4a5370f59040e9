import { dataFramesLength, type HeadFrames, shortFrame } from './http2-frames.ts';

export type Way = 'in' | 'out';

/** One direction of a stream: what is its own, and how much of it was attributed. */
export class StreamFlow {
  /** DATA payload that has surely crossed, and that may have crossed. */
  data = 0;
  most = 0;
  /** More DATA can't have crossed: the peer has allowed no more. */
  window = Number.POSITIVE_INFINITY;
  /** Frames other than DATA, as long as they should be. */
  overhead = 0;
  /** How much longer its heads are where a peer compresses nothing. */
  slack = 0;
  attributedData = 0;
  attributedOverhead = 0;
  /** `data` when the frames around it were last told apart. */
  #settledData = 0;
  #gained = 0;
  #takenData = 0;
  #updates = 0;

  /** DATA frames that have crossed, and were not attributed. */
  get pendingData(): number {
    return Math.max(0, dataFramesLength(this.data) - this.attributedData);
  }

  get pendingOverhead(): number {
    return Math.max(0, this.overhead - this.attributedOverhead);
  }

  /** DATA frames that may have crossed, and were not attributed. */
  get uncertain(): number {
    if (this.most <= this.data) return 0;
    return Math.max(0, dataFramesLength(Math.min(this.most, this.window)) - this.attributedData);
  }

  /** DATA frames not attributed, if all has crossed. */
  get pendingFrames(): number {
    return dataFramesLength(this.most) - this.attributedData;
  }

  /** Attributes so many bytes, and returns them. */
  addData(bytes: number): number {
    this.attributedData += bytes;
    this.#gained += bytes;
    return bytes;
  }

  /** Attributes so many bytes, and returns them. */
  addOverhead(bytes: number): number {
    this.attributedOverhead += bytes;
    this.#gained += bytes;
    return bytes;
  }

  /** Attributed since this was last asked. */
  takeGained(): number {
    const gained = this.#gained;
    this.#gained = 0;
    return gained;
  }

  /** DATA since the frames around it were last told apart. */
  get grown(): number {
    return this.data - this.#settledData;
  }

  /** DATA since this was last asked. */
  takeGrown(): number {
    const grown = this.data - this.#takenData;
    this.#takenData = this.data;
    return grown;
  }

  /** Of `bytes`, what the other side will have needed to ask for more of this DATA, once after each `afterBytes`. */
  takeUpdates(bytes: number, afterBytes: number): number {
    const expected = Math.floor(this.attributedData / afterBytes) - this.#updates;
    const taken = Math.max(0, Math.min(bytes, expected * shortFrame));
    this.#updates += Math.ceil(taken / shortFrame);
    return taken;
  }

  settle(): void {
    this.#settledData = this.data;
    this.slack = 0;
  }

  /** The head that was measured last has crossed, with so many bytes `more`. */
  addHead({ length, slack }: HeadFrames, more = 0): void {
    this.overhead += length + more;
    this.slack += slack;
  }
}
