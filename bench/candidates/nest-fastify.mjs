import { FastifyAdapter } from '@nestjs/platform-fastify';
import { createNest } from '../lib/nest.mjs';

export const start = (work) => createNest(work, FastifyAdapter);
