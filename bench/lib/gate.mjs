/**
 * What must not be exceeded. Promises are exact. Bytes move by a few percent, ratios with the neighbours: their limits
 * leave room, the lower quartile is looked at, and a limit counts as exceeded when three attempts say so.
 */
const COUNTS = {
  W0: { promises: 3, bytes: 3000 },
  W1: { promises: 8, bytes: 5700 },
  W3: { promises: 8, bytes: 5700 },
};
const RATIOS = { W0: 1.3, W1: 1.35, W2: 1.5, W3: 1.5, W4: 1.35 };
const ATTEMPTS = 3;

/**
 * @param count gives promises and bytes by work
 * @param measure gives the lower quartile of the ratio of a work
 * @returns what is exceeded, as sentences
 */
export async function exceeded(count, measure) {
  const found = [];
  for (const [work, limits] of Object.entries(COUNTS)) {
    for (const [what, limit] of Object.entries(limits)) {
      const least = await leastOf(limit, async () => (await count())[work][what]);
      if (least > limit)
        found.push(`${work} takes ${String(least)} ${what} per request, and may take ${String(limit)}.`);
    }
  }
  for (const [work, limit] of Object.entries(RATIOS)) {
    const least = await leastOf(limit, () => measure(work));
    if (least > limit)
      found.push(`${work} costs ${least.toFixed(2)} times bare node:http, and may cost ${String(limit)} times.`);
  }
  return found;
}

async function leastOf(limit, measure) {
  let least = Infinity;
  for (let attempt = 0; attempt < ATTEMPTS && least > limit; attempt++) least = Math.min(least, await measure());
  return least;
}
