// Nest: `node examples/nest/server.js`, after `npm ci` in examples/
//
//   curl -H 'x-api-key: k-acme' localhost:3000/reports/7
//   curl localhost:3000/bill
//   curl localhost:3000/metrics | grep bytes_total
import 'reflect-metadata';
import { Controller, Get, Header, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { bytesOf, monitorBandwidth } from '@weighbridge/monitor';
import { tenantOf } from '../keys.js';
import { Meter } from '../tenants/meter.js';

// Before the application is made: its routes are then known by themselves, on Express as on Fastify.
const monitor = monitorBandwidth({ clientOf: tenantOf });
const meter = new Meter();

class Shop {
  metrics() {
    return monitor.text();
  }
  bill() {
    return meter.bill();
  }
  report() {
    return 'r'.repeat(100_000);
  }
}
class App {}

// What a compiler makes of decorators: this file runs without one.
const decorate = (method, ...decorators) => {
  const descriptor = Object.getOwnPropertyDescriptor(Shop.prototype, method);
  for (const decorator of decorators) decorator(Shop.prototype, method, descriptor);
};
decorate('metrics', Get('metrics'), Header('content-type', 'text/plain; version=0.0.4; charset=utf-8'));
decorate('bill', Get('bill'));
decorate('report', Get('reports/:id'));
Controller()(Shop);
Module({ controllers: [Shop] })(App);

const app = await NestFactory.create(App, { logger: false });
app.use((request, _response, next) => {
  const tenant = tenantOf(request);
  if (tenant) meter.add(tenant, bytesOf(request));
  next();
});
await app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1');
console.log(`http://127.0.0.1:${app.getHttpServer().address().port}`);
