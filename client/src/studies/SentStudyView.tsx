/** One study that the gateway knows, by an upload of it: who sent it and when, where it is, and what happened to it. */
import { useEffect, useState } from 'preact/hooks';
import { type SentStudy, sentStudiesSchema } from '#shared/protocol/studies.ts';
import { formatMoment } from '../kit/format.ts';
import { kitWords } from '../kit/kit-words.ts';
import { hrefOf } from '../kit/routes.ts';
import { useLate } from '../kit/use-late.ts';
import { maySend } from '../net/may-send.ts';
import { useApi, useSession } from '../net/net-context.ts';
import { sentStudyWords as words } from './sent-study-words.ts';
import { StudyRecord } from './StudyRecord.tsx';
import './studies.css';

type Loaded = SentStudy | 'loading' | 'failed' | 'missing';

export function SentStudyView({ id }: { readonly id: string }) {
  const api = useApi();
  const [asked, setAsked] = useState(0);
  const [loaded, setLoaded] = useState<Loaded>('loading');
  useEffect(() => {
    const gone = new AbortController();
    setLoaded('loading');
    const path = `/studies?all=1&limit=1&q=${encodeURIComponent(id)}`;
    api.json(path, sentStudiesSchema, { signal: gone.signal }).then(
      ({ studies }) => setLoaded(studies[0] ?? 'missing'),
      () => !gone.signal.aborted && setLoaded('failed'),
    );
    return () => gone.abort();
  }, [api, id, asked]);
  const late = useLate(loaded === 'loading');
  return (
    <main id="content" class="page stack" aria-busy={loaded === 'loading'}>
      <div>
        <a class="button button-bare" href={hrefOf({ page: 'studies' })}>
          {kitWords.pages.studies}
        </a>
        <h1 tabIndex={-1}>{kitWords.pages.sent}</h1>
      </div>
      {late && <p class="quiet">{words.loading}</p>}
      {loaded === 'missing' && <p>{words.missing}</p>}
      {loaded === 'failed' && (
        <div role="alert" class="stack">
          <p>{words.failed}</p>
          <p>
            <button type="button" class="button" onClick={() => setAsked(asked + 1)}>
              {words.again}
            </button>
          </p>
        </div>
      )}
      {typeof loaded === 'object' && <OneStudy study={loaded} />}
    </main>
  );
}

function OneStudy({ study }: { readonly study: SentStudy }) {
  const user = useSession().user.value;
  const { studyInstanceUID, standing, firstSentAt, lastSentAt, uploads } = study;
  const now = new Date();
  const senders = [...new Set(uploads.flatMap(({ sender }) => sender?.username ?? []))];
  const when = [...new Set([firstSentAt, lastSentAt])].map((at) => formatMoment(new Date(at), now));
  return (
    <>
      <div class="stack-tight">
        <p class="code kept" title={studyInstanceUID}>
          {studyInstanceUID}
        </p>
        <p>
          {words.standings[standing]}
          {kitWords.separator}
          {words.sent(when.join(words.to))}
          {senders.length > 0 && kitWords.separator}
          {senders.length > 0 && <bdi>{words.by(senders.join(', '))}</bdi>}
        </p>
      </div>
      <StudyRecord
        studyInstanceUID={studyInstanceUID}
        hasReceipt={user !== null && maySend(user) && uploads.some(({ receipt }) => receipt !== null)}
        isOpen
      />
    </>
  );
}
