import { EventEmitter } from 'node:events';
import type { ServerHttp2Session } from 'node:http2';
import { describe, expect, test, vi } from 'vitest';
import { StreamFlow } from '../src/capture/protocols/http2/http2-flow.ts';
import { dataFramesLength } from '../src/capture/protocols/http2/http2-frames.ts';
import { SessionFrames } from '../src/capture/protocols/http2/http2-session.ts';

const frameHeader = 9;
const prefaceAndSettings = 24 + frameHeader;

describe('the frames of a session', () => {
  /** Node's session as far as its events and settings go. */
  function listen(local: object = {}, remote: object = {}) {
    const session = Object.assign(new EventEmitter(), { localSettings: local, remoteSettings: remote });
    const frames = new SessionFrames();
    const onSettings = vi.fn();
    frames.listenTo(session as unknown as ServerHttp2Session, onSettings);
    return { session, frames, onSettings };
  }

  test('are pings and their answers, settings and their acknowledgements', () => {
    const { session, frames, onSettings } = listen();
    expect(frames.isListening).toBe(true);
    session.emit('ping');
    expect([frames.in.overhead, frames.out.overhead]).toEqual([17, 17]);
    session.emit('remoteSettings', {});
    expect([frames.in.overhead, frames.out.overhead]).toEqual([17 + 9, 17 + 9]);
    expect(onSettings).toHaveBeenCalledOnce();
    session.emit('localSettings', {});
    expect([frames.in.overhead, frames.out.overhead]).toEqual([17 + 18, 17 + 9]);
    expect(onSettings).toHaveBeenCalledOnce();
  });

  test('tell to go on after half of a window, each side by its own settings', () => {
    const { session, frames } = listen({ initialWindowSize: 999_999 }, { initialWindowSize: 199_999 });
    expect(frames).toMatchObject({ updateAfter: 500_000, clientUpdatesAfter: 100_000, clientWindow: 199_999 });
    session.emit('remoteSettings', { initialWindowSize: 0 });
    expect(frames).toMatchObject({ updateAfter: 500_000, clientUpdatesAfter: 1, clientWindow: 0 });
    session.emit('remoteSettings', {});
    expect(frames).toMatchObject({ clientUpdatesAfter: 32_768, clientWindow: 65_535 });
    expect(listen().frames).toMatchObject({ updateAfter: 32_768, clientUpdatesAfter: 32_768, clientWindow: 65_535 });
  });

  test('carry heads that keep to the table of the other side', () => {
    const { frames } = listen({ headerTableSize: 0 }, { headerTableSize: 4096 });
    for (const _ of [1, 2])
      for (const way of ['in', 'out'] as const) frames.flow(way).heads.measure({ 'x-name': 'value' });
    expect(frames.in.heads.length).toBeGreaterThan(15);
    expect(frames.out.heads.length).toBe(frameHeader + 1);
  });

  test.each([
    ['nothing has left', 0, 2 * frameHeader],
    ['settings have left', frameHeader + 6, frameHeader],
    ['settings without entries have left', frameHeader, frameHeader],
    ['settings and an acknowledgement have left', 2 * frameHeader + 6, 0],
    ['it is mixed with a handshake', undefined, 0],
  ])('at the beginning are the preface and settings, when %s', (_case, sentBefore, out) => {
    const frames = new SessionFrames();
    frames.open(sentBefore);
    expect([frames.in.overhead, frames.out.overhead]).toEqual([prefaceAndSettings, out]);
  });

  test('that were thought to come are over when it starts anew', () => {
    const frames = new SessionFrames();
    frames.in.overhead = 30;
    frames.out.overhead = 20;
    frames.out.attributedOverhead = 25;
    expect([frames.in.pendingOverhead, frames.out.pendingOverhead]).toEqual([30, 0]);
    frames.startAnew();
    expect([frames.in.pendingOverhead, frames.out.pendingOverhead]).toEqual([0, 0]);
    expect([frames.in.attributedOverhead, frames.out.attributedOverhead]).toEqual([30, 20]);
  });
});

describe('one direction of a stream', () => {
  test.each([
    [0, 0],
    [1, 10],
    [16_384, 16_393],
    [16_385, 16_403],
  ])('%i bytes of DATA take %i in frames', (data, length) => {
    expect(dataFramesLength(data)).toBe(length);
  });

  test('owes what has crossed, and may owe what was submitted, within the window', () => {
    const flow = new StreamFlow();
    flow.data = 100;
    flow.most = 1000;
    expect(flow).toMatchObject({ pendingData: 109, uncertain: 1009, pendingFrames: 1009 });
    expect(flow.addData(109)).toBe(109);
    expect(flow).toMatchObject({ pendingData: 0, uncertain: 900, pendingFrames: 900 });
    flow.window = 500;
    expect(flow.uncertain).toBe(400);
    flow.window = 50;
    expect(flow.uncertain).toBe(0);
    flow.window = Number.POSITIVE_INFINITY;
    flow.most = 100;
    expect(flow).toMatchObject({ uncertain: 0, pendingFrames: 0 });
    flow.addData(5);
    expect(flow.pendingData).toBe(0);
  });

  test('tells what it was given since it was last asked', () => {
    const flow = new StreamFlow();
    flow.overhead = 50;
    flow.addData(10);
    flow.addOverhead(20);
    expect([flow.takeGained(), flow.takeGained(), flow.pendingOverhead]).toEqual([30, 0, 30]);
    flow.addOverhead(40);
    expect(flow.pendingOverhead).toBe(0);
  });

  test('tells how it has grown, to each who asks', () => {
    const flow = new StreamFlow();
    flow.data = 70;
    flow.slack = 9;
    expect([flow.takeGrown(), flow.takeGrown(), flow.grown]).toEqual([70, 0, 70]);
    flow.settle();
    expect([flow.grown, flow.slack]).toEqual([0, 0]);
    flow.data = 80;
    expect([flow.takeGrown(), flow.grown]).toEqual([10, 10]);
  });

  test('takes whole and cut frames that tell to go on, no more than its DATA needed', () => {
    const flow = new StreamFlow();
    flow.addData(350);
    expect(flow.takeUpdates(20, 100)).toBe(20);
    expect(flow.takeUpdates(100, 100)).toBe(13);
    expect(flow.takeUpdates(100, 100)).toBe(0);
    flow.addData(50);
    expect(flow.takeUpdates(100, 100)).toBe(13);
  });

  test('is longer by each head, and by what comes with it', () => {
    const flow = new StreamFlow();
    const { heads } = new SessionFrames().out;
    heads.measure({ 'x-ab': 'c' });
    flow.addHead(heads, 4);
    flow.addHead(heads);
    expect([flow.overhead, flow.slack]).toEqual([2 * heads.length + 4, 2 * heads.slack]);
  });
});
