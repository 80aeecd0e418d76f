/**
 * Instances that scripts and modalities sent and that were not taken: why, what to do, and a button to leave them out.
 */
import { useEffect, useState } from 'preact/hooks';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { isHeldForPixels, isReleasable } from '#shared/protocol/reason-kinds.ts';
import { type NotTakenFile, type NotTakenList, notTakenListSchema } from '#shared/protocol/not-taken.ts';
import { AskFirst } from '../kit/AskFirst.tsx';
import { formatMoment } from '../kit/format.ts';
import { Icon } from '../kit/Icon.tsx';
import { sentencesOfReason } from '../kit/reason-sentences.ts';
import { hrefOf } from '../kit/routes.ts';
import { useApi, useSession } from '../net/net-context.ts';
import { refusalSentence } from '../net/refusal-sentence.ts';
import { notTakenWords as words } from './not-taken-words.ts';
import { useSentElsewhere } from './sent-elsewhere.ts';
import './needs.css';

/**
 * `ofSite`: those of all accounts, for an administrator. `asked` increases whenever the surrounding list has been read
 * again.
 */
export type NotTakenProps = {
  readonly ofSite: boolean;
  readonly asked: unknown;
  readonly onDecided?: () => void;
};

export function NotTaken({ ofSite, asked, onDecided }: NotTakenProps) {
  const api = useApi();
  const { refresh } = useSentElsewhere();
  const isAdmin = useSession().user.value?.roles.includes('admin') === true;
  const [list, setList] = useState<NotTakenList | null>(null);
  const [failed, setFailed] = useState<string | null>(null);
  const path = ofSite ? '/uploads/not-taken?all=1' : '/uploads/not-taken';
  const load = async (signal?: AbortSignal) => setList(await api.json(path, notTakenListSchema, { signal }));
  useEffect(() => {
    const gone = new AbortController();
    void ignoreFailure(load(gone.signal), 'the list of studies says so where the gateway does not answer');
    return () => gone.abort();
  }, [api, path, asked]);
  const leaveOut = async (id: string) => {
    setFailed(null);
    try {
      await api.text(`/uploads/not-taken/${id}`, { method: 'DELETE' });
      await load();
      onDecided?.();
      void refresh(isAdmin);
    } catch (error) {
      setFailed(refusalSentence(error, words.notReached));
    }
  };
  if (list === null || list.total === 0) return null;
  return (
    <section class="needs-group" aria-label={words.title}>
      <div class="needs-head">
        <Icon name="decide" />
        <h2>{words.title}</h2>
      </div>
      <p>{words.what}</p>
      <div role="alert">{failed && <p class="small">{failed}</p>}</div>
      <ul class="needs-list">
        {list.shown.map((file) => (
          <li key={file.id}>
            <OneFile file={file} onLeaveOut={() => void leaveOut(file.id)} />
          </li>
        ))}
      </ul>
      {list.total > list.shown.length && (
        <p class="small quiet numbers">{words.more(list.shown.length, list.total)}</p>
      )}
    </section>
  );
}

type OneFileProps = { readonly file: NotTakenFile; readonly onLeaveOut: () => void };

function OneFile({ file, onLeaveOut }: OneFileProps) {
  const { id, cameAt, username, key, aeTitle, policy, studies, studiesNotHere, notTaken } = file;
  const of = words.from(username, aeTitle ?? key, formatMoment(new Date(cameAt), new Date()));
  return (
    <article class="needs-item" aria-label={of}>
      <div class="needs-who">
        <h3 class="kept">
          <bdi>{of}</bdi>
        </h3>
        <p class="small quiet kept">{words.under(policy, id)}</p>
        {notTaken.map((part) => (
          <OneReason key={part.reason} part={part} />
        ))}
        {studies.length === 0 && <p class="small">{words.noStudy}</p>}
        {studiesNotHere.map((uid) => (
          <p key={uid} class="small quiet">
            {words.notHere} <span class="code kept">{uid}</span>
          </p>
        ))}
        {studies.map(({ studyInstanceUID, uploadId }) => (
          <div key={studyInstanceUID}>
            <a class="button button-bare" href={hrefOf({ page: 'sent', id: uploadId })}>
              {words.study}
            </a>
            <p class="code kept small quiet">{studyInstanceUID}</p>
          </div>
        ))}
      </div>
      <div class="row needs-answers">
        <AskFirst
          label={words.leaveOut}
          of={words.of(words.leaveOut, of)}
          ask={words.ask(of)}
          onYes={onLeaveOut}
        />
      </div>
    </article>
  );
}

function OneReason({ part }: { readonly part: NotTakenFile['notTaken'][number] }) {
  const { reason, instances, places, sopInstanceUIDs } = part;
  const said = sentencesOfReason(reason);
  const next = isReleasable(reason) ? words.look(isHeldForPixels(reason)) : said?.next;
  return (
    <>
      <p class="numbers">
        {[words.missing(instances, said?.title ?? reason), next].filter(Boolean).join(' ')}
      </p>
      {places.length > 0 && <p class="small quiet numbers">{words.places(places, instances)}</p>}
      {sopInstanceUIDs.map((uid) => (
        <p key={uid} class="small quiet">
          {words.instance} <span class="code kept">{uid}</span>
        </p>
      ))}
    </>
  );
}
