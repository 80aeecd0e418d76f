/** A part of a study's record. The gateway is asked for it only when a person opens the part. */
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Icon } from '../../kit/Icon.tsx';
import { refreshInSight } from '../../kit/refresh-in-sight.ts';
import { ApiProblem, type ApiClient } from '../../net/api-client.ts';
import { useApi } from '../../net/net-context.ts';
import { useWhenBack } from './use-when-back.ts';

type StudyPartProps = {
  readonly title: string;
  /** Whether the part is open at first. */
  readonly isOpen?: boolean;
  readonly children: () => ComponentChildren;
};

/** `children`: rendered only while the part is open. */
export function StudyPart({ title, isOpen: isOpenFirst = false, children }: StudyPartProps) {
  const [isOpen, setOpen] = useState(isOpenFirst);
  return (
    <details
      class="disclosure"
      open={isOpen}
      onToggle={(event) => setOpen((event.currentTarget as HTMLDetailsElement).open)}
    >
      <summary class="small">
        <span class="disclosure-mark">
          <Icon name="chevron" size={16} turns />
        </span>
        {title}
      </summary>
      {isOpen && children()}
    </details>
  );
}

export type Question<T> = (
  api: Pick<ApiClient, 'json'>,
  studyInstanceUID: string,
  signal: AbortSignal,
) => Promise<readonly T[]>;

const ASK_AGAIN_MS = 5000;

/**
 * `none`: the gateway does not know the study yet. `ask` must stay the same function between renders. While
 * `isUnderWay` is true and the page is visible, the question is repeated. After a failure it is repeated once the
 * connection is back.
 */
export function useStudyPart<T>(
  ask: Question<T>,
  studyInstanceUID: string,
  isUnderWay?: (loaded: readonly T[]) => boolean,
): readonly T[] | 'loading' | 'failed' | 'none' {
  const api = useApi();
  const [loaded, setLoaded] = useState<readonly T[] | 'loading' | 'failed' | 'none'>('loading');
  const [asked, setAsked] = useState(0);
  useEffect(() => {
    const gone = new AbortController();
    ask(api, studyInstanceUID, gone.signal).then(setLoaded, (error: unknown) => {
      if (gone.signal.aborted) return;
      const said = error instanceof ApiProblem && error.code === 'not-found' ? 'none' : 'failed';
      setLoaded((before) => (typeof before === 'string' ? said : before));
    });
    return () => gone.abort();
  }, [api, ask, studyInstanceUID, asked]);
  const askAgain = () => setAsked((times) => times + 1);
  useWhenBack(loaded === 'failed', askAgain);
  const goesOn =
    isUnderWay !== undefined && (loaded === 'none' || (typeof loaded !== 'string' && isUnderWay(loaded)));
  useEffect(() => {
    if (goesOn) return refreshInSight(askAgain, ASK_AGAIN_MS);
  }, [goesOn]);
  return loaded;
}
