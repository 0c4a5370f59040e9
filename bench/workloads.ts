import { H2Load, requireH2load } from './h2load.ts';
import { KeepAliveLoad } from './keep-alive-load.ts';
import type { Load } from './load.ts';

/** A host and how it is asked. */
export interface Workload {
  readonly title: string;
  /** Of `hosts.ts`. */
  readonly host: string;
  /** Longer where a run takes long to begin or to end. */
  readonly sliceMs: number;
  open(port: number): Promise<Load>;
}

const few = 16;
const many = 2000;

/** Each host with 16 connections, and node:http with 2,000. */
export const workloads: readonly Workload[] = [
  { title: 'node:http', host: 'node:http', sliceMs: 100, open: (port) => KeepAliveLoad.open(port, few) },
  {
    title: `node:http, ${many.toLocaleString('en')} connections`,
    host: 'node:http',
    sliceMs: 200,
    open: (port) => KeepAliveLoad.open(port, many),
  },
  { title: 'https', host: 'https', sliceMs: 100, open: (port) => KeepAliveLoad.open(port, few, true) },
  { title: 'http2, asked by h2load', host: 'http2', sliceMs: 200, open: async (port) => new H2Load(port) },
  { title: 'fastify', host: 'fastify', sliceMs: 100, open: (port) => KeepAliveLoad.open(port, few) },
  { title: 'express', host: 'express', sliceMs: 100, open: (port) => KeepAliveLoad.open(port, few) },
];

/** @throws Error when what asks one of them is not installed. */
export function workloadsOf(hosts: readonly string[]): Workload[] {
  if (hosts.includes('http2')) requireH2load();
  return workloads.filter(({ host }) => hosts.includes(host));
}
