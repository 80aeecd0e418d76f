/** Repeats a question that could not be put to the gateway, once the connection is back. */
import { useEffect, useRef } from 'preact/hooks';
import { useQueue } from './queue-context.ts';

export function useWhenBack(isFailed: boolean, again: () => void): void {
  const link = useQueue().link.value;
  const before = useRef(link);
  useEffect(() => {
    const isBack = link === 'online' && before.current !== 'online';
    before.current = link;
    if (isBack && isFailed) again();
  }, [link]);
}
