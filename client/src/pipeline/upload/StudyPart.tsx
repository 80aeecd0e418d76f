/** A part of a study's record that the gateway is asked for when a person opens it. */
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Icon } from '../../kit/Icon.tsx';
import { ApiProblem, type ApiClient } from '../../net/api-client.ts';
import { useApi } from '../../net/net-context.ts';

type StudyPartProps = {
  readonly title: string;
  /** From the beginning. */
  readonly isOpen?: boolean;
  readonly children: () => ComponentChildren;
};

/** `children`: drawn once it is open. */
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
 * `none`: the gateway does not know the study yet. `ask` and `isUnderWay` stay the same from one drawing to the next.
 * With `isUnderWay` it is asked for again until nothing more comes.
 */
export function useStudyPart<T>(
  ask: Question<T>,
  studyInstanceUID: string,
  isUnderWay?: (loaded: readonly T[]) => boolean,
): readonly T[] | 'loading' | 'failed' | 'none' {
  const api = useApi();
  const [loaded, setLoaded] = useState<readonly T[] | 'loading' | 'failed' | 'none'>('loading');
  useEffect(() => {
    const gone = new AbortController();
    let later: ReturnType<typeof setTimeout> | undefined;
    const askNow = async (): Promise<void> => {
      const answer = await ask(api, studyInstanceUID, gone.signal).catch((error: unknown) =>
        error instanceof ApiProblem && error.code === 'not-found' ? 'none' : 'failed',
      );
      if (gone.signal.aborted) return;
      setLoaded(answer);
      const mayChange = answer === 'none' || (answer !== 'failed' && isUnderWay?.(answer) === true);
      if (isUnderWay && mayChange) later = setTimeout(() => void askNow(), ASK_AGAIN_MS);
    };
    void askNow();
    return () => {
      gone.abort();
      clearTimeout(later);
    };
  }, [api, ask, studyInstanceUID]);
  return loaded;
}
