/**
 * Verifies check digits of national numbers. Each function takes the digits as a string and tells whether the check
 * digits fit.
 */

const digitsOf = (text: string): number[] => [...text].map(Number);
/** The sum of each digit times its weight. */
export const weighted = (digits: string, weights: readonly number[]): number =>
  weights.reduce((sum, weight, at) => sum + weight * Number(digits[at]), 0);

/** ISO/IEC 7812-1, annex B. */
export function isLuhn(digits: string): boolean {
  const sum = digitsOf(digits)
    .reverse()
    .reduce((total, digit, at) => total + (at % 2 === 0 ? digit : digit > 4 ? digit * 2 - 9 : digit * 2), 0);
  return sum % 10 === 0;
}

/** ISO/IEC 7064, MOD 11,10. */
export function isMod11And10(digits: string): boolean {
  const rest = digitsOf(digits.slice(0, -1)).reduce((product, digit) => {
    const sum = (digit + product) % 10 || 10;
    return (sum * 2) % 11;
  }, 10);
  return (11 - rest) % 10 === Number(digits.at(-1));
}

/** The dihedral group of order ten: its products, and the permutation for each position (J. Verhoeff, 1969). */
const PRODUCTS = [
  '0123456789',
  '1234067895',
  '2340178956',
  '3401289567',
  '4012395678',
  '5987604321',
  '6598710432',
  '7659821043',
  '8765932104',
  '9876543210',
];
const PLACES = [
  '0123456789',
  '1576283094',
  '5803796142',
  '8916043527',
  '9453126870',
  '4286573901',
  '2793806415',
  '7046913258',
];

export function isVerhoeff(digits: string): boolean {
  const product = digitsOf(digits)
    .reverse()
    .reduce((sum, digit, at) => Number(PRODUCTS[sum]![Number(PLACES[at % 8]![digit])]), 0);
  return product === 0;
}
