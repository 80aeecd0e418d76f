/**
 * *Destinations* of a study: what each one has, asked for when a person opens it. For administrators it is open from
 * the start, because they set up destinations and send a study to prove that one works.
 */
import type { StudyDestination } from '#shared/protocol/studies.ts';
import { Icon } from '../../kit/Icon.tsx';
import { kitWords } from '../../kit/kit-words.ts';
import { useSession } from '../../net/net-context.ts';
import { trackWords } from '../queue/track-words.ts';
import { studyDestinationsWords as words } from './study-destinations-words.ts';
import { StudyPart, useStudyPart, type Question } from '../queue/StudyPart.tsx';
import './study-destinations.css';

type StudyDestinationsProps = { readonly studyInstanceUID: string };

export function StudyDestinations({ studyInstanceUID }: StudyDestinationsProps) {
  const { user } = useSession();
  return (
    <StudyPart title={words.open} isOpen={user.peek()?.roles.includes('admin') === true}>
      {() => <Places studyInstanceUID={studyInstanceUID} />}
    </StudyPart>
  );
}

const ask: Question<StudyDestination> = async (api, studyInstanceUID, signal) => {
  const { studyDestinationsSchema: schema } = await import('#shared/protocol/studies.ts');
  return (await api.json(`/studies/${studyInstanceUID}/destinations`, schema, { signal })).destinations;
};

const isUnderWay = (places: readonly StudyDestination[]): boolean =>
  places.some(({ of, inPacs, failed, leftOut, givenUp }) => !givenUp && inPacs + failed + leftOut < of);

function Places({ studyInstanceUID }: StudyDestinationsProps) {
  const loaded = useStudyPart(ask, studyInstanceUID, isUnderWay);
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
        <p class="strong">
          <bdi class="kept">{name ?? words.deleted}</bdi>
        </p>
        <p class="quiet">{words.needs[need]}</p>
        <p class="numbers">
          {[hasAll ? words.all(of) : words.has(inPacs, of), ...more].join(kitWords.separator)}
        </p>
        {waiting !== null && !givenUp && <p class="quiet">{trackWords.waiting[waiting]}</p>}
      </div>
    </li>
  );
}
