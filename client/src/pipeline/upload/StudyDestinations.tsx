/** *Destinations* of a study: what each one has, asked for when a person opens it. */
import { useEffect, useState } from 'preact/hooks';
import type { StudyDestination } from '#shared/protocol/studies.ts';
import { Icon } from '../../kit/Icon.tsx';
import { kitWords } from '../../kit/kit-words.ts';
import { ApiProblem } from '../../net/api-client.ts';
import { useApi } from '../../net/net-context.ts';
import { trackWords } from '../queue/track-words.ts';
import { studyDestinationsWords as words } from './study-destinations-words.ts';
import './study-destinations.css';

type StudyDestinationsProps = { readonly studyInstanceUID: string };

export function StudyDestinations({ studyInstanceUID }: StudyDestinationsProps) {
  const [isOpen, setOpen] = useState(false);
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
        {words.open}
      </summary>
      {isOpen && <Places studyInstanceUID={studyInstanceUID} />}
    </details>
  );
}

/** `none`: the gateway does not know the study yet. */
type Loaded = readonly StudyDestination[] | 'loading' | 'failed' | 'none';

function Places({ studyInstanceUID }: StudyDestinationsProps) {
  const api = useApi();
  const [loaded, setLoaded] = useState<Loaded>('loading');
  useEffect(() => {
    const gone = new AbortController();
    const load = async () => {
      const { studyDestinationsSchema: schema } = await import('#shared/protocol/studies.ts');
      const path = `/studies/${studyInstanceUID}/destinations`;
      return (await api.json(path, schema, { signal: gone.signal })).destinations;
    };
    load().then(setLoaded, (error: unknown) => {
      if (!gone.signal.aborted)
        setLoaded(error instanceof ApiProblem && error.code === 'not-found' ? 'none' : 'failed');
    });
    return () => gone.abort();
  }, [api, studyInstanceUID]);
  if (typeof loaded === 'string') return <p class="small quiet">{words[loaded]}</p>;
  return (
    <ul class="plain small" aria-label={words.label}>
      {loaded.map((place, at) => (
        <Place key={at} place={place} />
      ))}
    </ul>
  );
}

const ICONS = { good: 'pacs', stop: 'decide', wait: 'wait', moving: 'gateway' } as const;

function Place({ place }: { readonly place: StudyDestination }) {
  const { name, need, of, inPacs, failed, leftOut, waiting, givenUp } = place;
  const hasAll = of > 0 && inPacs === of;
  const look = hasAll ? 'good' : failed > 0 ? 'stop' : waiting !== null ? 'wait' : 'moving';
  const more = [
    ...(failed > 0 ? [words.failedThere(failed)] : []),
    ...(leftOut > 0 ? [words.leftOut(leftOut)] : []),
    ...(givenUp ? [words.givenUp] : []),
  ];
  return (
    <li class="study-place" data-look={look}>
      <Icon name={ICONS[look]} size={20} />
      <div>
        <p>
          <bdi class="strong kept">{name ?? words.deleted}</bdi>
          <span class="quiet">
            {kitWords.separator}
            {words.needs[need]}
          </span>
        </p>
        <p class="numbers">
          {[hasAll ? words.all(of) : words.has(inPacs, of), ...more].join(kitWords.separator)}
        </p>
        {waiting !== null && !givenUp && <p class="quiet">{trackWords.waiting[waiting]}</p>}
      </div>
    </li>
  );
}
