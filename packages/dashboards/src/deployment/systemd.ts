const clone = '/opt/weighbridge';
const node = `${clone}/node_modules/.bin/node`;
const commandLine = `${node} ${clone}/packages/cli/bin/weighbridge.js`;
const vmUrl = 'http://127.0.0.1:8428';

const hardening = `NoNewPrivileges=true
PrivateTmp=true
ProtectSystem=full
ProtectHome=true`;

/** Units for a machine without Docker, by file name: the scheduler from a clone in /opt/weighbridge, and vmalert. */
export function formatUnits(ruleFile: string): Map<string, string> {
  return new Map([
    [
      'weighbridge.service',
      `[Unit]
Description=Weighbridge: master, store, one worker, live page
After=network.target

[Service]
User=weighbridge
StateDirectory=weighbridge
WorkingDirectory=${clone}
ExecStart=${commandLine} up --data /var/lib/weighbridge
# The master stops its worker, store and jobs by itself, within 5 s.
KillMode=mixed
# Each attempt of a job has a cgroup of its own.
Delegate=yes
TimeoutStopSec=15
Restart=on-failure
${hardening}

[Install]
WantedBy=multi-user.target
`,
    ],
    [
      'weighbridge-vmalert.service',
      `[Unit]
Description=Weighbridge's recording rules and alerts over VictoriaMetrics
After=victoria-metrics.service

[Service]
DynamicUser=true
ExecStart=/usr/bin/vmalert -rule=/etc/weighbridge/rules/${ruleFile} -datasource.url=${vmUrl} -remoteRead.url=${vmUrl} -remoteWrite.url=${vmUrl} -notifier.url=http://127.0.0.1:9093 -httpListenAddr=127.0.0.1:8880
Restart=on-failure
${hardening}

[Install]
WantedBy=multi-user.target
`,
    ],
  ]);
}
