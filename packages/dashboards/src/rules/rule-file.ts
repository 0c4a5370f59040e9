import type { MonitoredService } from '../monitored-service.ts';
import { createAlertingRules } from './alerting-rules.ts';
import { createRecordingRules } from './recording-rules.ts';
import type { RuleGroup } from './rule.ts';

/** All rules of a service, as two groups of one file. */
export function createRuleGroups(service: MonitoredService): RuleGroup[] {
  return [
    { name: `${service.job}.recording`, rules: createRecordingRules(service) },
    { name: `${service.job}.alerts`, rules: createAlertingRules(service) },
  ];
}
