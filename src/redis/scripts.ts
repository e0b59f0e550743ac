import { createHash } from 'node:crypto';
import type { Script } from './client';

function script(text: string): Script {
  return { text, sha1: createHash('sha1').update(text).digest('hex') };
}

/**
 * One hit. A counter is a list of times, oldest first and as text, so that none loses a digit in Lua's numbers. It never
 * holds more than the limit, and goes when the last request has left the window.
 */
export const HIT: Script = script(`
local now, limit = tonumber(ARGV[1]), tonumber(ARGV[2])
local start = now - tonumber(ARGV[3])
local oldest = redis.call('LINDEX', KEYS[1], 0)
while oldest and tonumber(oldest) <= start do
  redis.call('LPOP', KEYS[1])
  oldest = redis.call('LINDEX', KEYS[1], 0)
end
local count = redis.call('LLEN', KEYS[1])
if count >= limit then
  return {0, count, oldest}
end
redis.call('RPUSH', KEYS[1], ARGV[1])
redis.call('PEXPIRE', KEYS[1], math.ceil(tonumber(ARGV[3]) * 1000))
return {1, count + 1, oldest or ARGV[1]}
`);

/** From the end, where the requests are that are still under way. */
export const GIVE_BACK: Script = script(`return redis.call('LREM', KEYS[1], -1, ARGV[1])`);

export const GET: Script = script(`return redis.call('GET', KEYS[1])`);

export const SET: Script = script(`
local ttl = math.ceil(tonumber(ARGV[2]) * 1000)
if ttl <= 0 then
  return redis.call('DEL', KEYS[1])
end
return redis.call('SET', KEYS[1], ARGV[1], 'PX', ttl)
`);

export const DELETE: Script = script(`return redis.call('DEL', KEYS[1])`);

// Sessions. What has ended is no row: to write one is to remove it.

const WRITE_ROW = `
local function write(data, expires, ttl)
  redis.call('DEL', KEYS[1])
  if tonumber(ttl) > 0 then
    redis.call('HSET', KEYS[1], 'data', data, 'expires', expires)
    redis.call('PEXPIRE', KEYS[1], ttl)
  end
end
`;

export const LOAD_ROW: Script = script(`return redis.call('HMGET', KEYS[1], 'data', 'expires')`);

export const CREATE_ROW: Script = script(`${WRITE_ROW}
if redis.call('EXISTS', KEYS[1]) == 1 then
  return 0
end
write(ARGV[1], ARGV[2], ARGV[3])
return 1
`);

/** Says `gone` where there is no row, `changed` where it holds another text than the caller has seen. */
const FIND_ROW = `
local found = redis.call('HGET', KEYS[1], 'data')
if not found then
  return 'gone'
elseif found ~= ARGV[1] then
  return 'changed'
end
`;

export const REPLACE_ROW: Script = script(`${WRITE_ROW}${FIND_ROW}
write(ARGV[2], ARGV[3], ARGV[4])
return 'replaced'
`);

export const REMOVE_ROW: Script = script(`${FIND_ROW}
redis.call('DEL', KEYS[1])
return 'replaced'
`);
