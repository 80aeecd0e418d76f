/**
 * Forecasts, before Send is pressed, whether the chosen studies fit on this device: the bytes that the queue will
 * write, compared with the space that the browser grants.
 */
import { effect, signal, type ReadonlySignal } from '@preact/signals';

export interface Forecast {
  /** The most bytes that the chosen studies will take here; coding may reduce them. */
  readonly needs: number;
  /** Bytes that are free. */
  readonly room: number;
}

/** The queue's overhead: tags, headers of parcels, and deleted rows that the database keeps for a while. */
const ROOM_FACTOR = 1.05;
/** The rows, indexes and manifest entry of one instance. */
const INSTANCE_BYTES = 2_048;

export function needsOf(chosen: { readonly instances: number; readonly bytes: number }): number {
  return Math.ceil(chosen.bytes * ROOM_FACTOR) + chosen.instances * INSTANCE_BYTES;
}

export function totalOf(studies: readonly { readonly instances: number; readonly bytes: number }[]): {
  readonly instances: number;
  readonly bytes: number;
} {
  return {
    instances: studies.reduce((sum, { instances }) => sum + instances, 0),
    bytes: studies.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

interface ForecastTools {
  /** The bytes that the device still has room for; null if it does not say. */
  readonly room: () => Promise<number | null>;
  /**
   * Calls `work` after `ms`, so that ten thousand files that are read one by one need one forecast, not ten thousand.
   */
  readonly later: (work: () => void, ms: number) => void;
}

const FORECAST_AFTER_MS = 300;

/**
 * A forecast that follows `needs`; null if nothing is chosen, or if the browser does not say how much room there is.
 */
export function createForecast(
  needs: ReadonlySignal<number>,
  { room, later }: ForecastTools,
): ReadonlySignal<Forecast | null> {
  const forecast = signal<Forecast | null>(null);
  let isDue = false;

  async function update(): Promise<void> {
    const free = await room().catch(() => null);
    // Includes studies that were chosen meanwhile.
    const wanted = needs.peek();
    forecast.value = wanted === 0 || free === null ? null : { needs: wanted, room: free };
  }

  effect(() => {
    needs.value;
    if (isDue) return;
    isDue = true;
    later(() => {
      isDue = false;
      void update();
    }, FORECAST_AFTER_MS);
  });
  return forecast;
}
