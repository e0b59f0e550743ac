import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import * as validator from 'class-validator';
import express from 'express';
import { createLookup, tokenOf } from '../lib/tokens.mjs';
import { createThrottle, itemClass, ROUTES } from '../lib/works.mjs';

const require = createRequire(import.meta.url);
require('reflect-metadata');
const {
  Authorized,
  Body,
  CurrentUser,
  Get,
  JsonController,
  Param,
  Post,
  useExpressServer,
} = require('routing-controllers');

/** routing-controllers with its own checkers. */
export async function start(work) {
  const find = await createLookup(work);
  const isAllowed = createThrottle();
  const Item = itemClass(validator);

  class Main {
    hello() {
      return { message: 'hello' };
    }
    me(user) {
      // No hook runs after the user is known and before the action.
      if (!isAllowed(user.id)) throw new Error('Request was throttled.');
      return { user: user.username, auth: user.token };
    }
    items(user, item) {
      if (!isAllowed(user.id)) throw new Error('Request was throttled.');
      return item;
    }
  }
  // What decorators say, in a language that has none.
  const types = (name, ...list) => Reflect.defineMetadata('design:paramtypes', list, Main.prototype, name);
  types('hello');
  types('me', Object);
  types('items', Object, Item);
  JsonController()(Main);
  Get('/hello')(Main.prototype, 'hello');
  for (const [name, route] of [
    ['me', Get('/me')],
    ['items', Post('/items')],
  ]) {
    CurrentUser()(Main.prototype, name, 0);
    Authorized()(Main.prototype, name);
    route(Main.prototype, name);
  }
  Body()(Main.prototype, 'items', 1);
  for (let i = 0; work === 'W4' && i < ROUTES; i++) {
    const name = `resource${String(i)}`;
    Main.prototype[name] = (id) => ({ id });
    types(name, String);
    Param('id')(Main.prototype, name, 0);
    Get(`/api/${name}/:id`)(Main.prototype, name);
  }

  const app = useExpressServer(express(), {
    controllers: [Main],
    validation: { whitelist: true },
    authorizationChecker: async ({ request, response }) => {
      const token = tokenOf(request.headers.authorization);
      const user = token === undefined ? null : await find(token);
      if (user === null) response.setHeader('WWW-Authenticate', 'Token');
      else request.user = { id: user.id, username: user.username, token };
      return user !== null;
    },
    currentUserChecker: ({ request }) => request.user,
  });
  return createServer(app);
}
