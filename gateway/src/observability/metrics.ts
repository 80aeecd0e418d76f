/**
 * The gateway's metrics for Prometheus, in a registry for each gateway. Labels are codes from closed lists and route
 * patterns, and never a UID, a name or an id.
 */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

type JobCount = { readonly queue: string; readonly state: string; readonly count: number };

export type Metrics = {
  request(method: string, route: string, status: number, ms: number): void;
  stage(stage: string, outcome: string, seconds: number): void;
  /** Instances that reached a state. */
  instances(state: string, count: number): void;
  /** Bytes that passed a stage. */
  bytes(stage: string, count: number): void;
  /** Counts one image that models looked at. */
  inference(model: string, outcome: string, seconds: number): void;
  disagreement(model: string): void;
  /** The metrics in Prometheus' text format 0.0.4, with its content type. */
  render(): Promise<{ readonly text: string; readonly contentType: string }>;
};

/** Buckets from a health check to a study on a slow link. */
const REQUEST_SECONDS = [0.005, 0.02, 0.1, 0.5, 2, 10, 60, 300];
/** Buckets from a cached answer to a study’s largest image with integrated gradients. */
const INFERENCE_SECONDS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 20];
const STAGE_SECONDS = [0.01, 0.05, 0.2, 1, 5, 20, 60, 300, 1800];

/** Values that are asked for at each scrape. */
type MetricSources = {
  countJobs(): Promise<readonly JobCount[]>;
  isPacsUp(): Promise<boolean>;
  engineRestarts(): number;
  /** When the last good backup was made; null: none was. */
  lastBackup(): Promise<Date | null>;
  readonly version: string;
};

export function createMetrics(sources: MetricSources): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'relaypacs_' });
  addGauges(registry, sources);
  const { requests, stages, inferences } = createHistograms([registry]);
  const { instances, bytes, disagreements } = createCounters([registry]);
  return {
    request: (method, route, status, ms) =>
      requests.observe({ method, route, status: String(status) }, ms / 1000),
    stage: (stage, outcome, seconds) => stages.observe({ stage, outcome }, seconds),
    instances: (state, count) => instances.inc({ state }, count),
    bytes: (stage, count) => bytes.inc({ stage }, count),
    inference: (model, outcome, seconds) => inferences.observe({ model, outcome }, seconds),
    disagreement: (model) => disagreements.inc({ model }),
    render: async () => ({ text: await registry.metrics(), contentType: registry.contentType }),
  };
}

function createHistograms(registers: Registry[]) {
  const requests = new Histogram({
    name: 'relaypacs_request_seconds',
    help: 'Time until the answer began.',
    labelNames: ['method', 'route', 'status'],
    buckets: REQUEST_SECONDS,
    registers,
  });
  const stages = new Histogram({
    name: 'relaypacs_stage_seconds',
    help: 'Time of one run of a stage.',
    labelNames: ['stage', 'outcome'],
    buckets: STAGE_SECONDS,
    registers,
  });
  const inferences = new Histogram({
    name: 'relaypacs_inference_seconds',
    help: 'Time of one image with the models.',
    labelNames: ['model', 'outcome'],
    buckets: INFERENCE_SECONDS,
    registers,
  });
  return { requests, stages, inferences };
}

function createCounters(registers: Registry[]) {
  const instances = new Counter({
    name: 'relaypacs_instances_total',
    help: 'Instances that reached a state.',
    labelNames: ['state'],
    registers,
  });
  const bytes = new Counter({
    name: 'relaypacs_bytes_total',
    help: 'Bytes that passed a stage.',
    labelNames: ['stage'],
    registers,
  });
  const disagreements = new Counter({
    name: 'relaypacs_inference_disagreements_total',
    help: 'Images on which a device and the gateway found different things.',
    labelNames: ['model'],
    registers,
  });
  return { instances, bytes, disagreements };
}

function addGauges(registry: Registry, sources: MetricSources): void {
  const registers = [registry];
  new Gauge({
    name: 'relaypacs_engine_restarts',
    help: 'How often the process that runs the models had to be started again.',
    registers,
    collect() {
      this.set(sources.engineRestarts());
    },
  });
  new Gauge({
    name: 'relaypacs_backup_last_success_timestamp_seconds',
    help: 'When the last good backup was made, in Unix time; 0: never.',
    registers,
    async collect() {
      this.set(((await sources.lastBackup())?.getTime() ?? 0) / 1000);
    },
  });
  new Gauge({
    name: 'relaypacs_jobs',
    help: 'Jobs that wait or run.',
    labelNames: ['queue', 'state'],
    registers,
    async collect() {
      this.reset();
      for (const { queue, state, count } of await sources.countJobs()) this.set({ queue, state }, count);
    },
  });
  new Gauge({
    name: 'relaypacs_pacs_up',
    help: '1 when the PACS answers.',
    registers,
    async collect() {
      this.set((await sources.isPacsUp()) ? 1 : 0);
    },
  });
  new Gauge({ name: 'relaypacs_build_info', help: 'Always 1.', labelNames: ['version'], registers }).set(
    { version: sources.version },
    1,
  );
}
