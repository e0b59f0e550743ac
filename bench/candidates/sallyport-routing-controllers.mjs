import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import express from 'express';
import { createViews } from '../lib/views.mjs';

const require = createRequire(import.meta.url);
require('reflect-metadata');
const { useExpressServer } = require('routing-controllers');
const { viewController } = require('../../dist/routing-controllers/index.js');

export const works = ['W0', 'W1', 'W2', 'W3', 'W5'];

/** The views as controllers of an Express application. */
export async function createApp(work) {
  const { Hello, Me, Items } = await createViews(work);
  viewController('/hello')(Hello);
  viewController('/me')(Me);
  viewController('/items')(Items);
  return useExpressServer(express(), { controllers: [Hello, Me, Items] });
}

/** As controllers of routing-controllers. */
export async function start(work) {
  return createServer(await createApp(work));
}
