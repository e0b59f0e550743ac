import { createServer, type Server } from 'node:http';
import { handle } from 'sallyport';
import { urls } from '../urls';

const notebook = handle(urls);

/** The notebook on Node's own HTTP server. */
export function createNodeServer(): Server {
  return createServer((request, response) => void notebook(request, response));
}
