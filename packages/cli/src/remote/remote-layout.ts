/** What a worker on another machine reads from its `worker.json`. */
export interface RemoteWorkerSettings {
  readonly master: string;
  readonly name: string;
  readonly queues?: readonly string[];
  readonly slots?: number;
  readonly allow?: readonly string[];
  readonly env?: readonly string[];
}

/**
 * Scripts for any POSIX shell, in the order in which they are used. All that is installed lies in one folder of the user's
 * home: `bin/node-DIGEST`, `app-DIGEST/worker.js` and `guard.js`, `worker.json`, `token`, `start`, `work/`, `worker.log`.
 */
const base = 'base="$HOME/.local/share/weighbridge/node"; ';
const unit = 'weighbridge-worker.service';
const unitFolder = '"$HOME/.config/systemd/user"';

/** Says what the machine is, as lines of `name=value`. */
export const probeScript = `${base}
echo "os=$(uname -s)"
echo "arch=$(uname -m)"
echo "host=$(uname -n)"
echo "libc=$(ldd --version 2>&1 | head -n 1)"
echo "service=$(systemctl --user show-environment >/dev/null 2>&1 && echo systemd || echo detached)"
echo "node=$(cd "$base/bin" 2>/dev/null && ls | tr '\\n' ' ')"
echo "apps=$(cd "$base" 2>/dev/null && ls -d app-* 2>/dev/null | tr '\\n' ' ')"
echo "name=$(cat "$base/name" 2>/dev/null)"
echo "port=$(cat "$base/port" 2>/dev/null)"`;

/** Puts standard input into a file below the folder, whole or not at all. */
export const putScript = (path: string, mode: '600' | '644' | '755') => `${base}
set -e
umask 077
mkdir -p "$base/$(dirname '${path}')"
cat > "$base/${path}.partial"
chmod ${mode} "$base/${path}.partial"
mv "$base/${path}.partial" "$base/${path}"`;

/** Runs the copied Node. */
export const nodeScript = (node: string, args: string) => `${base} exec "$base/bin/${node}" ${args}`;

/** What starts the worker, whoever calls it. */
export const startFile = (node: string, app: string) => `#!/bin/sh
${base}
exec "$base/bin/${node}" "$base/${app}/worker.js" "$base"
`;

/** A systemd user unit. */
export const unitFile = (name: string) => `# Made by \`weighbridge nodes add\`; changes here are lost with the next.
[Unit]
Description=Weighbridge: the worker of node ${name}
After=network.target

[Service]
ExecStart=%h/.local/share/weighbridge/node/start
# The worker ends its jobs by itself, within 5 s.
KillMode=mixed
# Each attempt of a job has a cgroup of its own.
Delegate=yes
TimeoutStopSec=15
Restart=always
RestartSec=2

[Install]
WantedBy=default.target
`;

/** Starts the worker; prints `no-linger` where it ends with the user's last session. */
export const startScript = (service: 'systemd' | 'detached') =>
  service === 'systemd'
    ? `${base}
set -e
mkdir -p ${unitFolder}
cp "$base/${unit}" ${unitFolder}/
systemctl --user daemon-reload
systemctl --user enable --quiet ${unit}
systemctl --user restart ${unit}
loginctl enable-linger >/dev/null 2>&1 || echo no-linger`
    : `${base}
nohup setsid "$base/start" >> "$base/worker.log" 2>&1 < /dev/null &
echo $! > "$base/worker.pid"`;

/** Stops the worker, however it was started, and waits until it has ended. */
export const stopScript = `${base}
if [ -e ${unitFolder}/${unit} ]; then systemctl --user stop ${unit} 2>/dev/null; fi
pid=$(cat "$base/worker.pid" 2>/dev/null) || exit 0
# The number may be another process's by now.
tr '\\0' ' ' < "/proc/$pid/cmdline" 2>/dev/null | grep -qF "$base" || exit 0
kill "$pid"
waited=0
while [ -d "/proc/$pid" ] && [ $waited -lt 100 ]; do sleep 0.1; waited=$((waited + 1)); done
rm -f "$base/worker.pid"`;

/** The last that the worker said. */
export const logScript = `${base}
if [ -e ${unitFolder}/${unit} ]; then journalctl --user -q -n 5 -o cat -u ${unit}; else tail -n 5 "$base/worker.log"; fi 2>/dev/null`;

/** Removes what earlier versions have left. */
export const tidyScript = (node: string, app: string) => `${base}
cd "$base" || exit 0
for one in bin/node-*; do [ "$one" = "bin/${node}" ] || rm -f "$one"; done
for one in app-*; do [ "$one" = "${app}" ] || rm -rf "$one"; done`;

/** Removes everything, once the worker has ended. */
export const removeScript = `${base}
if [ -e ${unitFolder}/${unit} ]; then
  systemctl --user disable --quiet ${unit} 2>/dev/null
  rm -f ${unitFolder}/${unit}
  systemctl --user daemon-reload 2>/dev/null
fi
rm -rf "$base"
rmdir "$HOME/.local/share/weighbridge" 2>/dev/null
exit 0`;
