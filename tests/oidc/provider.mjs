// A certified OpenID provider on loopback. PORT, PEOPLE (claims by subject, JSON) and REDIRECTS come from the test.
import Provider from "oidc-provider";

const port = Number(process.env.PORT);
const people = JSON.parse(process.env.PEOPLE);

const provider = new Provider(`http://localhost:${port}`, {
  clients: [
    {
      client_id: "kezhi",
      client_secret: "a secret: of + some/length",
      redirect_uris: process.env.REDIRECTS.split(" "),
    },
  ],
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
  cookies: { keys: ["only for tests"] },
  features: { devInteractions: { enabled: true } },
  findAccount: (_context, sub) => ({
    accountId: sub,
    claims: () => ({ sub, ...people[sub] }),
  }),
});

provider.listen(port, "127.0.0.1", () => console.log("listening"));
