/** What is used of node-redis: of its client, its pool, its cluster or its sentinel. */
export interface NodeRedisClient {
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
  evalSha(sha1: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
}

/** What is used of ioredis: of its client or its cluster. */
export interface IoRedisClient {
  eval(script: string, numberOfKeys: number, ...keysAndArguments: string[]): Promise<unknown>;
  evalsha(sha1: string, numberOfKeys: number, ...keysAndArguments: string[]): Promise<unknown>;
}

/** A connected client of Redis or Valkey. It is known by its shape, so neither package is loaded here. */
export type RedisClient = NodeRedisClient | IoRedisClient;

/** A script for Redis. All of ours touch one key. */
export interface Script {
  readonly text: string;
  /** Its name on the server. */
  readonly sha1: string;
}

/** Runs a script, which the server does as one atomic step. */
export type ScriptRunner = (script: Script, key: string, args: readonly string[]) => Promise<unknown>;

/** Lets a client run scripts; the text is sent only where the server doesn't know the script yet. */
export function scriptRunner(client: RedisClient): ScriptRunner {
  const { byName, byText } = 'evalSha' in client ? forNodeRedis(client) : forIoRedis(client);
  return async ({ text, sha1 }, key, args) => {
    try {
      return await byName(sha1, key, args);
    } catch (error) {
      // A server that was restarted has forgotten its scripts.
      if (!isUnknownScript(error)) throw error;
      return byText(text, key, args);
    }
  };
}

type Call = (script: string, key: string, args: readonly string[]) => Promise<unknown>;

interface Calls {
  readonly byName: Call;
  readonly byText: Call;
}

function forNodeRedis(client: NodeRedisClient): Calls {
  return {
    byName: (sha1, key, args) => client.evalSha(sha1, { keys: [key], arguments: [...args] }),
    byText: (text, key, args) => client.eval(text, { keys: [key], arguments: [...args] }),
  };
}

function forIoRedis(client: IoRedisClient): Calls {
  return {
    byName: (sha1, key, args) => client.evalsha(sha1, 1, key, ...args),
    byText: (text, key, args) => client.eval(text, 1, key, ...args),
  };
}

function isUnknownScript(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('NOSCRIPT');
}
