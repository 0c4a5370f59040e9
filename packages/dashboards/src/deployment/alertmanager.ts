import { stringify } from 'yaml';

/** An example: critical alerts at once, the rest grouped; the webhook's address is yours to set. */
export function formatAlertmanager(): string {
  return stringify({
    route: {
      receiver: 'team',
      group_by: ['alertname', 'job'],
      group_wait: '30s',
      group_interval: '5m',
      repeat_interval: '12h',
      routes: [{ receiver: 'team', matchers: ['severity="critical"'], group_wait: '5s', repeat_interval: '1h' }],
    },
    receivers: [{ name: 'team', webhook_configs: [{ url: 'http://127.0.0.1:5001/alerts', send_resolved: true }] }],
    // Without metrics no other alert of that job can be trusted.
    inhibit_rules: [
      {
        source_matchers: ['alertname="BandwidthMetricsAbsent"'],
        target_matchers: ['severity="warning"'],
        equal: ['job'],
      },
    ],
  });
}
