import type { Scenario } from '../scenario.ts';
import { abortScenarios } from './aborts.ts';
import { bodyScenarios } from './bodies.ts';
import { earlyAnswerScenarios } from './early-answers.ts';
import { handedOverScenarios } from './handed-over.ts';
import { http2ServerScenarios } from './http2-servers.ts';
import { http2StallScenarios } from './http2-stalls.ts';
import { http2StreamScenarios } from './http2-streams.ts';
import { lateScenarios } from './late-watch.ts';
import { messageScenarios } from './messages.ts';
import { pipeliningScenarios } from './pipelining.ts';
import { refusalScenarios } from './refusals.ts';
import { serverScenarios } from './servers.ts';
import { streamScenarios } from './streams.ts';
import { tlsScenarios } from './tls.ts';
import { tunnelScenarios } from './tunnels.ts';
import { unpolledAbortScenarios } from './unpolled-aborts.ts';

/** Every situation that the monitor must get right, by what it is about. */
export const scenarioGroups: Readonly<Record<string, readonly Scenario[]>> = {
  'messages of HTTP/1': messageScenarios,
  bodies: bodyScenarios,
  'answers before the body was read': earlyAnswerScenarios,
  pipelining: pipeliningScenarios,
  'streams of HTTP/1': streamScenarios,
  aborts: [...abortScenarios, ...unpolledAbortScenarios],
  'refused requests': refusalScenarios,
  TLS: tlsScenarios,
  'kinds of servers': serverScenarios,
  'sockets given by hand': handedOverScenarios,
  'connections met late': lateScenarios,
  tunnels: tunnelScenarios,
  'streams of HTTP/2': http2StreamScenarios,
  'flow control and resets of HTTP/2': http2StallScenarios,
  'servers of HTTP/2': http2ServerScenarios,
};

export const scenarios: readonly Scenario[] = Object.values(scenarioGroups).flat();
