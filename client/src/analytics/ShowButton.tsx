/** Opens the studies, results or reviews behind a number: in a sheet over the page, or as their own list. */
import { useSignal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import { z } from 'zod';
import { modalitiesOf } from '#shared/dicom/modalities-of.ts';
import { REVIEWERS } from '#shared/protocol/reviews.ts';
import { troubleOf } from '../net/trouble-of.ts';
import type { Trouble } from '../kit/trouble.ts';
import { TroubleAlert } from '../kit/TroubleAlert.tsx';
import { formatCount, formatMoment } from '../kit/format.ts';
import { hrefOf } from '../kit/routes.ts';
import { Sheet } from '../kit/Sheet.tsx';
import { useApi, useSession } from '../net/net-context.ts';
import { analyticsWords } from './analytics-words.ts';

const words = analyticsWords.shown;
/** The fields of the lists that are shown here. */
const studiesSchema = z.object({
  studies: z.array(
    z.object({
      studyInstanceUID: z.string(),
      lastSentAt: z.iso.datetime(),
      sopClassUIDs: z.array(z.string()),
      uploads: z.array(
        z.object({ uploadId: z.string(), sender: z.object({ username: z.string() }).optional() }),
      ),
    }),
  ),
  next: z.string().nullable(),
});
const resultsSchema = z.object({
  results: z.array(z.object({ id: z.string(), createdAt: z.string() })),
  next: z.string().nullable(),
});
const reviewsSchema = z.object({
  reviews: z.array(
    z.object({ id: z.string(), title: z.string(), caseNumber: z.number(), openedAt: z.string() }),
  ),
  next: z.string().nullable(),
});
type Item = {
  readonly key: string;
  readonly text: string;
  readonly href: string;
  readonly when: string;
};
type Page = { readonly items: readonly Item[]; readonly next: string | null };

/** What waits for this person: the list that the page of reviews shows readers first. */
const OWN_WAITING = '/reviews?list=todo';

const KINDS = ['studies', 'results', 'reviews'] as const;

type ShowButtonProps = {
  readonly shows: string | null;
  readonly count: number;
  /** Which word the label uses; absent: that of the list. */
  readonly which?: 'accepted' | 'corrected';
};

export function ShowButton({ shows, count, which }: ShowButtonProps) {
  const isOpen = useSignal(false);
  const roles = useSession().user.value?.roles ?? [];
  if (shows === null || count === 0) return null;
  const kind = KINDS.find((one) => shows.startsWith(`/${one}`)) ?? 'studies';
  if (shows === OWN_WAITING && roles.some((role) => REVIEWERS.includes(role)))
    return (
      <a class="button button-bare" href={hrefOf({ page: 'reviews', id: '' })}>
        {words.reviews(count)}
      </a>
    );
  return (
    <>
      <button type="button" class="button button-bare" onClick={() => (isOpen.value = true)}>
        {words[which ?? kind](count)}
      </button>
      {isOpen.value && <ShownSheet shows={shows} kind={kind} onClose={() => (isOpen.value = false)} />}
    </>
  );
}

/** A number in a table that is itself the button. */
export function Counted({ shows, count }: ShowButtonProps) {
  return shows === null || count === 0 ? formatCount(count) : <ShowButton shows={shows} count={count} />;
}

type ShownProps = {
  readonly shows: string;
  readonly kind: (typeof KINDS)[number];
  readonly onClose: () => void;
};

function ShownSheet({ shows, kind, onClose }: ShownProps) {
  const api = useApi();
  const [page, setPage] = useState<Page | null>(null);
  const [trouble, setTrouble] = useState<Trouble | null>(null);
  const ask = async (cursor: string | null, signal?: AbortSignal) => {
    try {
      const path = cursor === null ? shows : `${shows}&cursor=${encodeURIComponent(cursor)}`;
      const options = signal === undefined ? {} : { signal };
      const answer = await pageOf(kind, (schema) => api.json(path, schema, options));
      setPage((known) => ({
        ...answer,
        items: cursor === null ? answer.items : [...(known?.items ?? []), ...answer.items],
      }));
    } catch (error) {
      if (!signal?.aborted) setTrouble(troubleOf(error));
    }
  };
  useEffect(() => {
    const asking = new AbortController();
    void ask(null, asking.signal);
    return () => asking.abort();
  }, []);
  return (
    <Sheet title={words.title[kind]} onClose={onClose}>
      <TroubleAlert trouble={trouble} />
      {page === null && trouble === null && <p class="quiet">{words.loading}</p>}
      <ul class="plain sheet-part">
        {page?.items.map(({ key, text, href, when }) => (
          <li key={key} class="hairline">
            <a class="figure-shown" href={href}>
              {text}
              <span class="small quiet">{when}</span>
            </a>
          </li>
        ))}
      </ul>
      <div class="sheet-actions">
        {page !== null && page.next !== null && (
          <button type="button" class="button" onClick={() => void ask(page.next)}>
            {words.more}
          </button>
        )}
        <button type="button" class="button" onClick={onClose}>
          {words.close}
        </button>
      </div>
    </Sheet>
  );
}

type Ask = <T>(schema: z.ZodType<T>) => Promise<T>;

async function pageOf(kind: ShownProps['kind'], ask: Ask): Promise<Page> {
  const now = new Date();
  const at = (text: string): string => formatMoment(new Date(text), now);
  if (kind === 'results') {
    const { results, next } = await ask(resultsSchema);
    const items = results.map(({ id, createdAt }) => ({
      ...{ key: id, text: id.slice(0, 8), when: at(createdAt) },
      href: hrefOf({ page: 'results', at: 'results', id, beside: '' }),
    }));
    return { items, next };
  }
  if (kind === 'reviews') {
    const { reviews, next } = await ask(reviewsSchema);
    const items = reviews.map(({ id, title, caseNumber, openedAt }) => ({
      ...{ key: id, text: words.review(title, caseNumber), when: at(openedAt) },
      href: hrefOf({ page: 'reviews', id }),
    }));
    return { items, next };
  }
  const { studies, next } = await ask(studiesSchema);
  const items = studies.flatMap(({ studyInstanceUID, lastSentAt, sopClassUIDs, uploads: [newest] }) => {
    if (newest === undefined) return [];
    const { uploadId, sender } = newest;
    const when = at(lastSentAt);
    return {
      ...{ key: studyInstanceUID, text: words.study(modalitiesOf(sopClassUIDs)) },
      href: hrefOf({ page: 'sent', id: uploadId }),
      when: sender === undefined ? when : words.sentBy(when, sender.username),
    };
  });
  return { items, next };
}
