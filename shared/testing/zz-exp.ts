import { openModels } from '/work/wt/results/shared/testing/open-models.ts';
import { examinePicture } from '/work/wt/results/shared/src/models/examine-picture.ts';
import { seededRandom } from './synthetic-study.ts';
const { models, engine } = openModels();
const soft = (inside: number, width: number): number => 1 / (1 + Math.exp((-4 * inside) / width));
const line = (d: number, w: number): number => Math.exp(-((d / w) ** 2));
function lungAt(u: number, v: number, middle: number, bottom: number, wide: number): number {
  const along = (v - 0.12) / (bottom - 0.12);
  if (along < 0 || along > 1) return 0;
  const apex = Math.sqrt(Math.max(0, 1 - (1 - Math.min(1, along * 1.6)) ** 2));
  return soft(wide * apex * Math.min(1, 4 - 3.3 * along) - Math.abs(u - middle), 0.027);
}
function film(p: Record<string, number>) {
  const random = seededRandom(1); const rows = 512, columns = 512;
  const grey = Float32Array.from({ length: rows * columns }, (_, at) => {
    const u = (at % columns) / columns - 0.5, v = Math.floor(at / columns) / rows;
    const body = soft(0.4 + 0.06 * Math.min(1, v * 2.2) - Math.max(0, 0.12 - v) * 2.2 - Math.abs(u), 0.03);
    const lung = Math.max(lungAt(u, v, -0.21, p.bottom, p.wide), lungAt(u, v, 0.21, p.bottom - 0.02, p.wide));
    const heart = p.heart * soft(1 - ((u - 0.06) / 0.14) ** 2 - ((v - 0.6) / 0.17) ** 2, 0.5) * (u > -0.08 ? 1 : 0.3);
    const ribs = p.ribs * lung * Math.max(0, Math.sin((v + Math.abs(u) * 0.5) * p.ribCount * Math.PI));
    const clav = Math.abs(u) < 0.3 ? p.clav * line(v - 0.13 - Math.abs(u) * 0.05, 0.012) : 0;
    const abdomen = body * 0.12 * Math.min(1, Math.max(0, v - 0.72) * 8);
    const vessels = p.vessels * lung * line(Math.abs(u) - 0.09, 0.05) * line(v - 0.45, 0.13);
    const value = 0.08 + p.body * body - p.lung * lung + p.spine * line(u, 0.05) + heart + ribs + clav + abdomen + vessels + (random() - 0.5) * p.noise;
    return Math.min(1, Math.max(0, value));
  });
  return { rows, columns, grey };
}
const r = seededRandom(7);
const pick = (a: number, b: number) => a + (b - a) * r();
const end = Date.now() + 200_000; let best = 9;
while (Date.now() < end) {
  const p = { bottom: pick(0.68, 0.82), wide: pick(0.13, 0.19), heart: pick(0.2, 0.45), ribs: pick(0, 0.12), ribCount: pick(16, 26), clav: pick(0.05, 0.2), body: pick(0.4, 0.6), lung: pick(0.3, 0.55), spine: pick(0.1, 0.3), noise: pick(0, 0.08), vessels: pick(0, 0.2) };
  const { finding: f } = await examinePicture({ picture: film(p), population: 'inside' }, models, { explain: [] });
  if (f.score !== null && f.score < best && f.film.length === 0) { best = f.score; console.log(f.image.probability.toFixed(3), f.score.toFixed(3), JSON.stringify(p, (_, x) => typeof x === 'number' ? Number(x.toFixed(3)) : x)); }
}
await engine.close();
