/** For tests: the figures of a busy month, as the gateway tells them. */
import { DAY_MS } from '#shared/day.ts';
import type { ModelFigures, Operations, ReviewFigures, Transfers } from '#shared/protocol/analytics.ts';

const RANGE = { from: '2026-10-25', to: '2026-11-23', cohort: {} };
const DAYS = Array.from({ length: 30 }, (_, at) =>
  new Date(Date.parse(RANGE.from) + at * DAY_MS).toISOString().slice(0, 10),
);
const DEVICE = '0b9f6a0e-7f0f-4d38-9c0b-2f6a9f1c0001';

/** A day of so many studies. */
const transfers = (studies: number, shows: string | null = null): Transfers => ({
  ...{
    studies,
    uploads: studies + Math.floor(studies / 20),
    instances: studies * 41,
    bytes: studies * 21_000_000,
  },
  retries: studies % 4,
  toPacsMs: { p50: 9_000 + (studies % 7) * 1_500, p95: 60_000 + (studies % 5) * 20_000 },
  shows,
});
/** Fewer at weekends. */
const studiesOn = (at: number): number => (at % 7 < 2 ? 6 + (at % 3) : 38 + ((at * 17) % 23));

export function recordedOperations(): Operations {
  return {
    ...RANGE,
    total: { ...transfers(1042, '/studies?all=1&sentFrom=2026-10-25&sentTo=2026-11-24'), retries: 17 },
    days: DAYS.map((day, at) => ({ day, ...transfers(studiesOn(at)) })),
    hours: Array.from({ length: 16 }, (_, at) => ({ hour: at + 6, ...transfers(20 + ((at * 31) % 90)) })),
    accounts: [
      { username: 'ward-3', ...transfers(611, '/studies?all=1&account=1') },
      { username: 'mobile-van', ...transfers(431, '/studies?all=1&account=2') },
    ],
    devices: [
      { device: DEVICE, username: 'ward-3', ...transfers(600) },
      { device: null, username: 'mobile-van', ...transfers(431) },
    ],
    modalities: [
      { modality: 'DX', ...transfers(800) },
      { modality: 'CT', ...transfers(240) },
      { modality: null, ...transfers(2) },
    ],
    refusals: [{ state: 'refused', reason: 'pacs-refused', instances: 12, studies: 3 }],
  };
}

export function recordedModelFigures(): ModelFigures {
  const judged = (results: number) => ({
    ...{ studies: results - 3, results, agreed: Math.floor(results / 2), corrected: Math.floor(results / 9) },
    ...{ disagreements: Math.floor(results / 30), shows: null },
  });
  return {
    ...RANGE,
    ...{ isGuarded: false, by: 'day' },
    models: [
      {
        ...{
          id: 'pneumonia',
          version: '1.0.0',
          isPartial: true,
          total: { ...judged(744), shows: '/results?model=pneumonia' },
        },
        series: DAYS.map((period, at) => ({ period, figures: at === 9 ? null : judged(studiesOn(at) + 5) })),
        calibration: Array.from({ length: 10 }, (_, bin) => ({
          bin,
          figures:
            bin === 4
              ? null
              : {
                  results: 40 + bin,
                  meanScore: bin / 10 + 0.05,
                  confirmed: Math.min(1, (bin / 10) ** 1.4 + 0.02),
                },
        })),
        use: {
          ...{ images: 911, answered: 744, cached: 150, failed: 17 },
          durationMs: { p50: 812, p95: 1_900, p99: 4_200 },
        },
      },
      {
        ...{ id: 'pneumonia', version: '0.9.0', isPartial: true, total: null },
        series: [],
        calibration: [],
        use: null,
      },
    ],
  };
}

const WORK = { waitingShows: '/reviews?list=todo', signedShows: '/reviews?list=signed' };

export function recordedReviewFigures(): ReviewFigures {
  const kappa = { kappa: 0.71, low: 0.64, high: 0.78 };
  return {
    ...RANGE,
    isOwn: false,
    types: [
      {
        ...{ type: 'chest-film', version: 1, title: 'Chest film', readings: 420 },
        fields: [
          {
            ...{ field: 'finding', title: 'Finding', cohen: kappa, fleiss: null },
            models: [{ model: 'pneumonia', readings: 420, cohen: { kappa: 0.58, low: 0.5, high: 0.66 } }],
          },
        ],
      },
    ],
    turnaround: [
      {
        ...{ type: 'chest-film', title: 'Chest film', settled: 212, open: 9, hours: { p50: 5.2, p95: 31 } },
        ...{ settledShows: '/reviews?list=all&state=settled', openShows: '/reviews?list=all&state=open' },
        days: DAYS.flatMap((day, at) => (at % 7 < 2 ? [] : [{ day, settled: 5 + ((at * 7) % 11) }])),
      },
    ],
    workload: [
      { username: 'a.berger', waiting: 4, signed: 180, hours: { p50: 3.1, p95: 20 }, ...WORK },
      { username: 'c.duarte', waiting: 7, signed: 240, hours: { p50: 4.4, p95: 29 }, ...WORK },
    ],
  };
}
