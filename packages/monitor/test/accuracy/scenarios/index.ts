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

/** Every situation that the monitor must get right. */
export const scenarios: readonly Scenario[] = [
  ...messageScenarios,
  ...bodyScenarios,
  ...earlyAnswerScenarios,
  ...pipeliningScenarios,
  ...streamScenarios,
  ...abortScenarios,
  ...refusalScenarios,
  ...tlsScenarios,
  ...serverScenarios,
  ...handedOverScenarios,
  ...lateScenarios,
  ...tunnelScenarios,
  ...unpolledAbortScenarios,
  ...http2StreamScenarios,
  ...http2StallScenarios,
  ...http2ServerScenarios,
];
