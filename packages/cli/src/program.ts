import type { Command } from 'commander';
import { addExamples, WeighbridgeCommand } from './command.ts';
import { addDashboardsExport } from './commands/dashboards-export.ts';
import { addJobsCancel } from './commands/jobs-cancel.ts';
import { addJobsDownload } from './commands/jobs-download.ts';
import { addJobsEach } from './commands/jobs-each.ts';
import { addJobsList } from './commands/jobs-list.ts';
import { addJobsLogs } from './commands/jobs-logs.ts';
import { addJobsRetry } from './commands/jobs-retry.ts';
import { addJobsRun } from './commands/jobs-run.ts';
import { addJobsShow } from './commands/jobs-show.ts';
import { addJobsSubmit } from './commands/jobs-submit.ts';
import { addMaster } from './commands/master.ts';
import { addNodesAdd } from './commands/nodes-add.ts';
import { addNodesDelete } from './commands/nodes-delete.ts';
import { addNodesDrain, addNodesResume } from './commands/nodes-drain.ts';
import { addNodesList } from './commands/nodes-list.ts';
import { addNodesRemove } from './commands/nodes-remove.ts';
import { addNodesShow } from './commands/nodes-show.ts';
import { addNodesTunnel } from './commands/nodes-tunnel.ts';
import { addStoreExport } from './commands/store-export.ts';
import { addStoreImport } from './commands/store-import.ts';
import { addStorePsql } from './commands/store-psql.ts';
import { addTop } from './commands/top.ts';
import { addUp } from './commands/up.ts';
import { addWorker } from './commands/worker.ts';
import { version } from './version.ts';

/** The whole command line, one command a file in `commands/`. */
export function createProgram(): Command {
  const program = new WeighbridgeCommand('weighbridge')
    .description('Schedules jobs on your machines and counts every byte of their traffic.')
    .version(version)
    .exitOverride();
  addExamples(program, [
    'weighbridge up',
    'weighbridge jobs submit --input big.csv --output big.csv.gz --wait -- gzip big.csv',
    'weighbridge jobs download last --to results/',
    "weighbridge jobs each 'clips/*.mov' --output '*.mp4' --to out/ -- ffmpeg -i {} {.}.mp4",
    'weighbridge run -- make -j4 test',
  ]);
  addUp(program);
  addMaster(program);
  addWorker(program);
  addTop(program);
  addJobsRun(program);

  const jobs = program
    .command('jobs')
    .description('Submit jobs, see them, cancel and retry them, fetch what they made.');
  addExamples(jobs, ['weighbridge jobs submit --wait -- echo hello', 'weighbridge jobs list --state running']);
  addJobsSubmit(jobs);
  addJobsRun(jobs);
  addJobsEach(jobs);
  addJobsShow(jobs);
  addJobsLogs(jobs);
  addJobsList(jobs);
  addJobsDownload(jobs);
  addJobsCancel(jobs);
  addJobsRetry(jobs);

  const nodes = program.command('nodes').description('The machines that run jobs.');
  addExamples(nodes, ['weighbridge nodes list', 'weighbridge nodes drain mill']);
  addNodesList(nodes);
  addNodesShow(nodes);
  addNodesDrain(nodes);
  addNodesResume(nodes);
  addNodesDelete(nodes);
  addNodesAdd(nodes);
  addNodesRemove(nodes);
  addNodesTunnel(nodes);

  const store = program.command('store').description('What the master keeps: look into it, move it.');
  addExamples(store, ['weighbridge store export jobs.tar', 'weighbridge store psql']);
  addStorePsql(store);
  addStoreExport(store);
  addStoreImport(store);

  const dashboards = program.command('dashboards').description('What Grafana, Prometheus and VictoriaMetrics load.');
  addExamples(dashboards, ['weighbridge dashboards export --out monitoring/']);
  addDashboardsExport(dashboards);
  return program;
}
