import { Candidate } from './candidate.mjs';

const at = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];

export function summary(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return { median: at(sorted, 0.5), low: at(sorted, 0.25), high: at(sorted, 0.75) };
}

async function started(names, work, options) {
  const candidates = names.map((name) => new Candidate(name, work, options));
  try {
    await Promise.all(candidates.map((candidate) => candidate.start()));
  } catch (error) {
    for (const candidate of candidates) candidate.stop();
    throw error;
  }
  return candidates;
}

/**
 * CPU time per request of a few candidates, as a ratio to `bare` just before and after: wall clocks are noise on a busy
 * machine, CPU time much less so. Few at once, since a server that rests for long goes cold.
 */
export async function compareGroup(names, work, { rounds, requests, ...options }) {
  const [bare, ...peers] = await started(['bare', ...names], work, options);
  const results = peers.map(({ name }) => ({ name, ratios: [], micros: [] }));
  const bareMicros = [];
  try {
    for (const candidate of [bare, ...peers]) await candidate.load(requests * 2);
    let before = await bare.measure(requests);
    for (let round = 0; round < rounds; round++) {
      const own = [];
      // The order turns, so that nobody always comes last.
      for (let i = 0; i < peers.length; i++) {
        const place = (i + round) % peers.length;
        own[place] = await peers[place].measure(requests);
      }
      const after = await bare.measure(requests);
      results.forEach(({ ratios, micros }, place) => {
        micros.push(own[place]);
        ratios.push(own[place] / ((before + after) / 2));
      });
      bareMicros.push(after);
      before = after;
    }
  } finally {
    for (const candidate of [bare, ...peers]) candidate.stop();
  }
  return {
    bare: summary(bareMicros),
    peers: results.map(({ name, ratios, micros }) => ({ name, ratio: summary(ratios), micros: summary(micros) })),
  };
}

/** Resident megabytes after so many requests, for each candidate alone. */
export async function memoryAfter(name, work, requests, options) {
  const [candidate] = await started([name], work, options);
  try {
    await candidate.load(requests);
    return (await candidate.used()).resident / 1e6;
  } finally {
    candidate.stop();
  }
}

/** Milliseconds of CPU time until the server listens. */
export async function startUp(name, work, rounds, options) {
  const times = [];
  for (let round = 0; round < rounds; round++) {
    const candidate = new Candidate(name, work, options);
    try {
      times.push((await candidate.start()) / 1000);
    } finally {
      candidate.stop();
    }
  }
  return summary(times).median;
}
