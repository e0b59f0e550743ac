import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import express from 'express';
import { createViews } from '../lib/views.mjs';
import { ROUTES } from '../lib/works.mjs';

const require = createRequire(import.meta.url);
require('reflect-metadata');
const { useExpressServer } = require('routing-controllers');
const { viewController } = require('../../dist/routing-controllers/index.js');

/** The views as controllers of an Express application. */
export async function createApp(work) {
  const { Hello, Me, Items, Resource } = await createViews(work);
  const resources = Array.from({ length: work === 'W4' ? ROUTES : 0 }, () => class extends Resource {});
  viewController('/hello')(Hello);
  viewController('/me')(Me);
  viewController('/items')(Items);
  resources.forEach((View, i) => viewController(`/api/resource${String(i)}/:id`)(View));
  return useExpressServer(express(), { controllers: [Hello, Me, Items, ...resources] });
}

/** As controllers of routing-controllers. */
export async function start(work) {
  return createServer(await createApp(work));
}
