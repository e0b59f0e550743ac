import { createRequire } from 'node:module';
import * as validator from 'class-validator';
import { createLookup, tokenOf } from './tokens.mjs';
import { createThrottle, itemClass, ROUTES } from './works.mjs';

const require = createRequire(import.meta.url);
require('reflect-metadata');

/** Nest with a guard for each policy and its pipe for bodies. */
export async function createNest(work, Adapter) {
  const { Body, Controller, createParamDecorator, Get, HttpCode, Module, Param, Post, UnauthorizedException } =
    await import('@nestjs/common');
  const { HttpException, Injectable, UseGuards, ValidationPipe } = await import('@nestjs/common');
  const { NestFactory } = await import('@nestjs/core');
  const find = await createLookup(work);
  const isAllowed = createThrottle();
  const Item = itemClass(validator);

  class TokenGuard {
    async canActivate(context) {
      const http = context.switchToHttp();
      const request = http.getRequest();
      const token = tokenOf(request.headers.authorization);
      const user = token === undefined ? null : await find(token);
      if (user === null) {
        http.getResponse().header('WWW-Authenticate', 'Token');
        throw new UnauthorizedException('Invalid token.');
      }
      request.user = user;
      request.token = token;
      return true;
    }
  }
  class ThrottleGuard {
    canActivate(context) {
      if (isAllowed(context.switchToHttp().getRequest().user.id)) return true;
      throw new HttpException('Request was throttled.', 429);
    }
  }
  const RequestOf = createParamDecorator((_data, context) => context.switchToHttp().getRequest());

  class Main {
    hello() {
      return { message: 'hello' };
    }
    me(request) {
      return { user: request.user.username, auth: request.token };
    }
    items(item) {
      return item;
    }
  }
  const decorate = (target, name, ...decorators) => {
    for (const one of decorators) one(target.prototype, name, Object.getOwnPropertyDescriptor(target.prototype, name));
  };
  const parameters = (target, name, ...types) =>
    Reflect.defineMetadata('design:paramtypes', types, target.prototype, name);
  for (const guard of [TokenGuard, ThrottleGuard]) Injectable()(guard);
  parameters(Main, 'me', Object);
  parameters(Main, 'items', Item);
  RequestOf()(Main.prototype, 'me', 0);
  Body()(Main.prototype, 'items', 0);
  decorate(Main, 'hello', Get('hello'));
  decorate(Main, 'me', Get('me'), UseGuards(TokenGuard, ThrottleGuard));
  decorate(Main, 'items', Post('items'), HttpCode(200), UseGuards(TokenGuard, ThrottleGuard));
  Controller()(Main);

  const resources = Array.from({ length: work === 'W4' ? ROUTES : 0 }, (_, i) => {
    class Resource {
      get(id) {
        return { id };
      }
    }
    parameters(Resource, 'get', String);
    Param('id')(Resource.prototype, 'get', 0);
    decorate(Resource, 'get', Get(':id'));
    Controller(`api/resource${String(i)}`)(Resource);
    return Resource;
  });
  class AppModule {}
  Module({ controllers: [...resources, Main] })(AppModule);
  const app = await NestFactory.create(AppModule, new Adapter(), { logger: false });
  app.useGlobalPipes(new ValidationPipe({ whitelist: true, transform: true }));
  await app.init();
  await app.getHttpAdapter().getInstance().ready?.();
  return app.getHttpServer();
}
