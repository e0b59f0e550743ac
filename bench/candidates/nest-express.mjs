import { ExpressAdapter } from '@nestjs/platform-express';
import { createNest } from '../lib/nest.mjs';

export const start = (work) => createNest(work, ExpressAdapter);
