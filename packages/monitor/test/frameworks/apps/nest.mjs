import 'reflect-metadata';
import { Controller, Get, HttpCode, HttpException, Module, Param, Post, Req, Res } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

/** Decorators as plain JavaScript has them. */
function decorate(type, decorators, methods) {
  for (const [name, [route, ...parameters]] of Object.entries(methods)) {
    for (const decorator of [route].flat()) {
      decorator(type.prototype, name, Object.getOwnPropertyDescriptor(type.prototype, name));
    }
    for (const [index, parameter] of parameters.entries()) parameter(type.prototype, name, index);
  }
  for (const decorator of decorators) decorator(type);
  return type;
}

class Root {
  home() {
    return 'home';
  }
  user(id) {
    if (id === 'raw-missing') throw new HttpException('missing', 404);
    return 'user';
  }
  async photos(request) {
    const stream = request.raw ?? request;
    if (!stream.complete) for await (const _ of stream);
  }
  fail() {
    throw new Error('wanted');
  }
  slow(response) {
    (response.raw ?? response).write('part');
  }
  private() {
    throw new HttpException('no', 401);
  }
}
decorate(Root, [Controller()], {
  home: [Get('/')],
  user: [Get('users/:id'), Param('id')],
  photos: [[Post('users/:id/photos'), HttpCode(201)], Req()],
  fail: [Get('fail/:id')],
  slow: [Get('slow/:id'), Res()],
  private: [Get('private/:id')],
});

class Items {
  item() {
    return 'item';
  }
  fail() {
    throw new Error('wanted');
  }
}
decorate(Items, [Controller(['v1/:tenant', 'v2/:tenant'])], { item: [Get('items/:item')], fail: [Get('fail')] });

class App {}
decorate(App, [Module({ controllers: [Root, Items] })], {});

export async function start(platform) {
  const { [`${platform}Adapter`]: Adapter } = await import(
    platform === 'Express' ? '@nestjs/platform-express' : '@nestjs/platform-fastify'
  );
  const adapter = new Adapter();
  if (platform === 'Fastify') {
    const parse = (_request, payload, done) => payload.resume().on('end', done);
    adapter.getInstance().addContentTypeParser('*', parse);
  }
  const app = await NestFactory.create(App, adapter, { logger: false });
  await app.listen(0, '127.0.0.1');
  return app.getHttpServer();
}
