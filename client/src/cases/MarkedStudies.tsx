/** Where a radiologist begins: studies that were marked for early reading, and that no list of cases has. */
import { useEffect, useState } from 'preact/hooks';
import { CASE_KEEPERS, markedStudiesSchema, type MarkedStudies as Marked } from '#shared/protocol/cases.ts';
import { ignoreFailure } from '#shared/ignore-failure.ts';
import { formatMoment } from '../kit/format.ts';
import { Icon } from '../kit/Icon.tsx';
import { hrefOf } from '../kit/routes.ts';
import { useApi, useSession } from '../net/net-context.ts';
import { OpenCase } from './OpenCase.tsx';
import { markedStudiesWords as words } from './marked-studies-words.ts';

type Study = Marked['studies'][number];

export function MarkedStudies() {
  const api = useApi();
  const roles = useSession().user.value?.roles ?? [];
  const mayKeep = roles.some((role) => CASE_KEEPERS.includes(role));
  const [marked, setMarked] = useState<Marked | null>(null);
  useEffect(() => {
    const gone = new AbortController();
    const ask = async () =>
      setMarked(await api.json('/cases/marked-studies', markedStudiesSchema, { signal: gone.signal }));
    if (mayKeep) void ignoreFailure(ask(), 'the list says itself that the gateway does not answer');
    return () => gone.abort();
  }, [mayKeep]);
  if (marked === null || marked.studies.length === 0) return null;
  return (
    <section class="stack-tight" aria-label={words.title}>
      <h2 class="row">
        <Icon name="up" size={20} />
        {words.title}
      </h2>
      <p class="small">{words.what}</p>
      <ul class="plain">
        {marked.studies.map((study) => (
          <li key={study.studyInstanceUID} class="hairline row row-apart">
            <StudyLine study={study} />
            <OpenCase studyInstanceUID={study.studyInstanceUID} />
          </li>
        ))}
      </ul>
      {marked.isMore && <p class="small quiet">{words.more}</p>}
    </section>
  );
}

function StudyLine({ study: { uploadId, modalities, sentAt } }: { readonly study: Study }) {
  const name = words.study(modalities.join(', '));
  const when = (
    <span class="small quiet numbers">{words.sent(formatMoment(new Date(sentAt), new Date()))}</span>
  );
  if (uploadId === null)
    return (
      <p>
        {name} {when}
      </p>
    );
  return (
    <p class="row">
      <a class="button button-bare" href={hrefOf({ page: 'sent', id: uploadId })}>
        {name}
      </a>
      {when}
    </p>
  );
}
