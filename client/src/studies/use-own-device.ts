/** The gateway's id for this device and the signed-in account; null: it has none yet, or it is not known yet. */
import { useEffect, useState } from 'preact/hooks';
import { useQueue } from '../pipeline/queue/queue-context.ts';

export function useOwnDevice(): string | null {
  const queue = useQueue();
  const [device, setDevice] = useState<string | null>(null);
  useEffect(() => {
    queue.ownDevice().then(setDevice, () => setDevice(null));
  }, [queue]);
  return device;
}
