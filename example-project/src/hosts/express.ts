import { createServer, type Server } from 'node:http';
import express, { type NextFunction, type Request, type Response } from 'express';
import { handle } from 'sallyport';
import { urls } from '../urls';

/** The notebook in an Express application, beside whatever else that serves. */
export function createExpressServer(): Server {
  const app = express().disable('x-powered-by');
  app.use(handle(urls));
  app.use((_request: Request, response: Response) => {
    response.status(404).json({ detail: 'Not found.' });
  });
  app.use((error: unknown, _request: Request, response: Response, next: NextFunction) => {
    console.error(error);
    if (response.headersSent) next(error);
    else response.status(500).json({ error: 'Server Error (500)' });
  });
  return createServer(app);
}
