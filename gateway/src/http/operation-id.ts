/**
 * The name of an operation in generated clients, derived from method and path: `GET /cases/{id}/notes` is
 * `listCaseNotes`, `POST /cases/{id}/close` is `closeCase`. A route whose derived name reads badly sets its own.
 */

const singular = (noun: string): string =>
  noun.endsWith('series') ? noun : noun.replace(/ies$/, 'y').replace(/(?<!s|u)s$/, '');
const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);
const isPlural = (noun: string): boolean => singular(noun) !== noun;

/** A noun before a parameter is put in the singular. Prefixes that only say who may call are left out. */
function nounsOf(path: string): readonly string[] {
  const parts = path
    .replace(/^\/(admin|auth|dicom-web)(?=\/)/, '')
    .split('/')
    .slice(1);
  return parts
    .map((part, at) => (parts[at + 1]?.startsWith('{') ? singular(part) : part))
    .filter((part) => !part.startsWith('{'));
}

function verbed(verb: string, nouns: readonly string[]): string {
  const words = [verb, ...nouns].flatMap((part) => part.split(/[-.]/)).filter((word) => word !== '');
  return words[0] + words.slice(1).map(capital).join('');
}

export function operationIdOf(method: string, path: string): string {
  const nouns = nounsOf(path);
  const last = nouns.at(-1) ?? '';
  const isOne = path.endsWith('}');
  switch (method) {
    case 'get':
      return verbed(!isOne && isPlural(last) ? 'list' : 'get', nouns);
    case 'put':
      return verbed(isOne ? 'update' : 'set', nouns);
    case 'post':
      if (isOne) return verbed('change', nouns);
      // The last part of the path is a collection, or otherwise a verb.
      return isPlural(last)
        ? verbed('create', [...nouns.slice(0, -1), singular(last)])
        : verbed(last, nouns.slice(0, -1));
    default:
      return verbed(method === 'patch' ? 'update' : method, nouns);
  }
}
