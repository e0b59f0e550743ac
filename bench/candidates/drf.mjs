import { Gunicorn, isInstalled } from '../lib/gunicorn.mjs';
import { WORKS } from '../lib/works.mjs';

/** None where it isn't installed. */
export const works = isInstalled ? Object.keys(WORKS) : [];

/** Django REST framework under gunicorn. */
export async function start(work) {
  return new Gunicorn(work);
}
