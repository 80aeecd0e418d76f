/** Shows the figures of one question: while they load, when loading fails, and when there are none. */
import type { ComponentChildren } from 'preact';
import type { z } from 'zod';
import type { Known } from '../kit/resource.ts';
import { WhenKnown } from '../kit/WhenKnown.tsx';
import { useTold } from '../net/use-told.ts';
import { analyticsWords as words } from './analytics-words.ts';
import { formatWholeDay } from './format-period.ts';

type Ranged = { readonly from: string; readonly to: string };
type FiguresOfProps<S extends z.ZodType<Ranged>> = {
  readonly path: string;
  readonly schema: S;
  readonly isEmpty: (figures: z.infer<S>) => boolean;
  /** A sentence about the figures, also shown where there are none; null: nothing to say. */
  readonly about?: (figures: z.infer<S>) => string | null;
  readonly children: (figures: z.infer<S>) => ComponentChildren;
};

export function FiguresOf<S extends z.ZodType<Ranged>>({
  path,
  schema,
  isEmpty,
  about,
  children,
}: FiguresOfProps<S>) {
  const of = useTold(path, schema);
  return (
    <div class="stack" aria-busy={of.answer.value.state === 'loading'}>
      <WhenKnown of={of} loading={words.loading}>
        {(figures, known) => {
          const said = about?.(figures);
          return (
            <>
              <p class="small quiet">
                {words.range(formatWholeDay(figures.from), formatWholeDay(figures.to))}
              </p>
              {said && <p class="small quiet">{said}</p>}
              {isEmpty(figures) ? <Empty known={known} /> : children(figures)}
            </>
          );
        }}
      </WhenKnown>
    </div>
  );
}

function Empty({ known }: { readonly known: Known }) {
  return (
    <div class="stack-tight" role="status">
      <p class="strong">{words.none(known)}</p>
      <p class="quiet">{words.noneNext}</p>
    </div>
  );
}
