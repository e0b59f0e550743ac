import 'reflect-metadata';
import {
  Body,
  Controller,
  createParamDecorator,
  Get,
  HttpCode,
  Injectable,
  Module,
  Param,
  Post,
  UnauthorizedException,
  UseGuards,
  ValidationPipe,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ThrottlerGuard, ThrottlerModule } from '@nestjs/throttler';
import * as validator from 'class-validator';
import { createLookup, tokenOf } from './tokens.mjs';
import { itemClass, RATE, ROUTES } from './works.mjs';

// What decorators say, in a language that has none.
function decorate(target, name, ...decorators) {
  for (const one of decorators) one(target.prototype, name, Object.getOwnPropertyDescriptor(target.prototype, name));
}
function typesOf(target, name, ...types) {
  Reflect.defineMetadata('design:paramtypes', types, target.prototype, name);
}

async function tokenGuard(work) {
  const find = await createLookup(work);
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
  Injectable()(TokenGuard);
  return TokenGuard;
}

class UserThrottler extends ThrottlerGuard {
  async getTracker(request) {
    return String(request.user.id);
  }
}
Injectable()(UserThrottler);

const Current = createParamDecorator((_data, context) => context.switchToHttp().getRequest());

async function mainController(work) {
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
  const guarded = UseGuards(await tokenGuard(work), UserThrottler);
  typesOf(Main, 'me', Object);
  typesOf(Main, 'items', itemClass(validator));
  Current()(Main.prototype, 'me', 0);
  Body()(Main.prototype, 'items', 0);
  decorate(Main, 'hello', Get('hello'));
  decorate(Main, 'me', Get('me'), guarded);
  decorate(Main, 'items', Post('items'), HttpCode(200), guarded);
  Controller()(Main);
  return Main;
}

function resourceController(i) {
  class Resource {
    get(id) {
      return { id };
    }
  }
  typesOf(Resource, 'get', String);
  Param('id')(Resource.prototype, 'get', 0);
  decorate(Resource, 'get', Get(':id'));
  Controller(`api/resource${String(i)}`)(Resource);
  return Resource;
}

/** Nest with a guard for tokens, its throttler and its pipe for bodies. */
export async function createNest(work, Adapter) {
  const resources = Array.from({ length: work === 'W4' ? ROUTES : 0 }, (_, i) => resourceController(i));
  const throttler = ThrottlerModule.forRoot([{ ttl: RATE.milliseconds, limit: RATE.limit }]);
  class AppModule {}
  Module({ imports: [throttler], controllers: [...resources, await mainController(work)] })(AppModule);
  const app = await NestFactory.create(AppModule, new Adapter(), { logger: false });
  app.useGlobalPipes(new ValidationPipe({ whitelist: true, transform: true }));
  await app.init();
  await app.getHttpAdapter().getInstance().ready?.();
  return app.getHttpServer();
}
