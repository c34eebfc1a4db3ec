/** What contacts are made of. Non-ASCII names, quotes and commas are there on purpose: real orgs are full of them. */
export const FIRST_NAMES = (
  'Olivia Liam Emma Noah Amelia Oliver Sophia James Isabella William Mia Henry Charlotte Lucas Harper Benjamin Evelyn ' +
  'Theodore Abigail Mateo Emily Levi Ella Sebastian Sofía Jack Camila Ezra Aria Michael Scarlett Daniel Victoria Leo ' +
  'Madison Owen Luna Samuel Grace Hudson Chloe Alexander Penelope Asher Riley Luca Zoey Ethan Nora John Lily David ' +
  'Eleanor Jackson Hannah Joseph Lillian Mason Addison Luke Aubrey Matthew Ellie Julian Stella Dylan Natalie Elijah ' +
  'José Zoë Renée Björn Søren Łukasz Chloé François Jürgen Ana-María Þóra Mei 太郎 Анна Ngozi Aarav Priya Fatima Yusuf'
).split(' ');

export const LAST_NAMES = (
  'Smith Johnson Williams Brown Jones Garcia Miller Davis Rodriguez Martinez Hernandez Lopez Gonzalez Wilson Anderson ' +
  'Thomas Taylor Moore Jackson Martin Lee Perez Thompson White Harris Sanchez Clark Ramirez Lewis Robinson Walker Young ' +
  'Allen King Wright Scott Torres Nguyen Hill Flores Green Adams Nelson Baker Hall Rivera Campbell Mitchell Carter Roberts ' +
  "O'Brien D'Angelo McDonald Müller Schröder Weiß Núñez Ibáñez García-Márquez Lefèvre Åkesson Østergaard Dvořák Kowalczyk " +
  'Papadopoulos Yılmaz Ivanov Петров 山田 王 Okafor Mbeki Singh Patel Sharma Khan Haddad Cohen Silva Costa Rossi Bianchi ' +
  'Virtanen Nowak Horvat Popescu Szabó Ó_Súilleabháin Van_der_Berg de_la_Cruz St._Clair'
)
  .split(' ')
  .map((name) => name.replaceAll('_', ' '));

/** City, state, postal code's prefix, country, latitude, longitude. */
export const CITIES: readonly (readonly [string, string | null, string, string, number, number])[] = [
  ['San Francisco', 'CA', '941', 'USA', 37.7749, -122.4194],
  ['New York', 'NY', '100', 'USA', 40.7128, -74.006],
  ['Austin', 'TX', '787', 'USA', 30.2672, -97.7431],
  ['Chicago', 'IL', '606', 'USA', 41.8781, -87.6298],
  ['Boston', 'MA', '021', 'USA', 42.3601, -71.0589],
  ['Seattle', 'WA', '981', 'USA', 47.6062, -122.3321],
  ['Toronto', 'ON', 'M5', 'Canada', 43.6532, -79.3832],
  ['London', null, 'EC1', 'United Kingdom', 51.5074, -0.1278],
  ['Paris', null, '750', 'France', 48.8566, 2.3522],
  ['München', 'Bayern', '803', 'Germany', 48.1351, 11.582],
  ['Zürich', 'ZH', '80', 'Switzerland', 47.3769, 8.5417],
  ['São Paulo', 'SP', '010', 'Brazil', -23.5505, -46.6333],
  ['Kraków', null, '30-', 'Poland', 50.0647, 19.945],
  ['東京', null, '100-', '日本', 35.6762, 139.6503],
  ['Sydney', 'NSW', '20', 'Australia', -33.8688, 151.2093],
  ['Bengaluru', 'KA', '560', 'India', 12.9716, 77.5946],
];

export const STREETS = [
  'Market St',
  'Main Street',
  'Rue de l’Église',
  'Hauptstraße',
  'Elm Avenue',
  'King’s Road',
  'Broadway',
  'Calle Mayor',
  'Park Lane, Rear Building',
  'Industrial Pkwy',
];

export const TITLES = [
  'VP Sales',
  'Account Executive',
  'CTO',
  'CFO',
  'Director, Operations',
  'Senior Engineer',
  'Procurement Manager',
  'Chef de projet',
  'Geschäftsführerin',
  'Head of "Special" Projects',
  'Marketing Manager',
  'IT Administrator',
];

export const DEPARTMENTS = [
  'Sales',
  'Engineering',
  'Finance',
  'Legal',
  'Marketing',
  'Operations',
  'R&D',
  'HR',
];

export const COMPANIES = [
  'Acme',
  'Globex',
  'Initech',
  'Umbrella',
  'Stark Industries',
  'Wayne Enterprises',
  'Müller & Söhne',
  'Café Central',
  'O’Reilly Logistics',
  'Northwind Traders',
  'Blue Yonder Airlines',
  'Contoso',
  'Fabrikam, Inc.',
  'Tailspin "Toys"',
  'Société Générale d’Études',
];

export const COMPANY_FORMS = ['Inc.', 'LLC', 'GmbH', 'Ltd', 'S.A.', 'AG', 'Corp.', 'Group'];

export const MAIL_DOMAINS = [
  'example.com',
  'example.org',
  'mail.example.net',
  'corp.example.com',
  'beispiel.example',
  'exemple.example',
];

export const REMARKS = [
  'Met at the trade fair, wants a call back after the holidays.',
  'Prefers e-mail.\nNever call before 10:00.',
  'Says: "too expensive, but good".',
  'Decision maker; reports to the board, budget is approved each spring, renewal in Q2.',
  'Spricht Deutsch und Französisch – bitte höflich bleiben.',
  'Key account since 2019.\r\nAsk for the signed NDA, then send the proposal.',
];
