import type { Demo } from './demo';

/**
 * Who may log in, and what to try: a line to paste for each thing, and above it what comes back. Without apostrophes in
 * the text, so that a shell takes all of it at once.
 */
export function tour(url: string, { tokens, notes }: Demo): string {
  const ann = `-H 'Authorization: Token ${tokens.ann}'`;
  const bob = `-H 'Authorization: Token ${tokens.bob}'`;
  const guest = `-H 'Authorization: Token ${tokens.guest}'`;
  const staff = `-H 'Authorization: Token ${tokens.staff}'`;
  const csrf = `-H "X-CSRFToken: $(grep csrftoken $jar | cut -f 7)"`;
  const logIn =
    `jar=$(mktemp); curl -s -o /dev/null -c $jar ${url}/auth/csrf/; ` +
    `curl -s -o /dev/null -b $jar -c $jar ${csrf} -d username=ann -d password=ann-demo ${url}/auth/login/`;
  const json = `-H 'Content-Type: application/json'`;

  return `
  user   password    token
  ann    ann-demo    ${tokens.ann}
  bob    bob-demo    ${tokens.bob}
  guest  guest-demo  ${tokens.guest}
  staff  staff-demo  ${tokens.staff}

Try in another terminal:

# What is where → 200
curl -i ${url}/

# Without credentials → 401, WWW-Authenticate: Token
curl -i ${url}/notes

# A wrong token → 401 {"detail":"Invalid token."}
curl -i -H 'Authorization: Token wrong' ${url}/notes

# A right one → 200, the notes of ann and those that others share
curl -i ${ann} ${url}/notes

# Name and password (Basic) → 200 {"username":"ann","staff":false,"by":"password"}
curl -i -u ann:ann-demo ${url}/me

# A new note → 201, Location: ${url}/notes/…
curl -i ${ann} -d title=Idea -d 'text=Bake bread.' ${url}/notes

# One that lacks something → 400 {"title":["This field is required."],"text":["Not a valid string."]}
curl -i ${ann} ${json} -d '{"text":42}' ${url}/notes

# A note of her own, changed → 200
curl -i -X PATCH ${ann} ${json} -d '{"text":"Ink, paper, tea, yeast."}' ${url}/notes/${notes.shopping}

# The private note of somebody else → 404, as if it did not exist
curl -i ${ann} ${url}/notes/${notes.diary}

# The shared note of somebody else: reading → 200
curl -i ${ann} ${url}/notes/${notes.recipe}

# The same, deleting → 403 {"detail":"You do not have permission to perform this action."}
curl -i -X DELETE ${ann} ${url}/notes/${notes.recipe}

# The same, written anew by its owner → 200
curl -i -X PUT ${bob} ${json} -d '{"title":"Recipe","text":"Flour, water, salt.","shared":true}' ${url}/notes/${notes.recipe}

# A guest who wants to write → 403
curl -i ${guest} -d title=Hello -d 'text=I was here.' ${url}/notes

# A page for the staff → 403 for ann
curl -i ${ann} ${url}/users

# The same → 200 for the staff
curl -i ${staff} ${url}/users

# A method that a view does not have → 405, Allow: GET, POST, HEAD, OPTIONS
curl -i -X DELETE ${ann} ${url}/notes

# Name and password for a token → 200 {"token":"${tokens.ann}","username":"ann"}
curl -i -d username=ann -d password=ann-demo ${url}/login

# A session, as browsers have one, without a CSRF token → 403 {"detail":"CSRF Failed: CSRF cookie not set."}
curl -i -d username=ann -d password=ann-demo ${url}/auth/login/

# The same with one → 200 {"username":"ann","staff":false,"by":"session"}
${logIn}; curl -i -b $jar ${url}/me

# The sixth login within a minute → 429, Retry-After: 60 or less
for i in 1 2 3 4 5 6; do curl -s -i -d username=ann -d password=guess ${url}/login; echo; done
`;
}
