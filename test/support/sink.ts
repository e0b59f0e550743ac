import type { HostResponse } from 'sallyport';

/**
 * A response of no host, which takes everything.
 * @param end called when an answer is complete, with its status
 */
export function createSink(end: (status: number) => void = () => undefined): HostResponse {
  const sink: HostResponse = {
    headersSent: false,
    statusCode: 200,
    getHeader: () => undefined,
    setHeader: () => undefined,
    removeHeader: () => undefined,
    writeHead: () => undefined,
    write: () => true,
    end: () => {
      end(sink.statusCode);
    },
    once: () => undefined,
  };
  return sink;
}
