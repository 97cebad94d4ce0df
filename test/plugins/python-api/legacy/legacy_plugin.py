"""A database through SQLAlchemy, as plugins did it before."""
from __future__ import annotations

from maubot import MessageEvent, Plugin
from maubot.handlers import command
from sqlalchemy import Column, Integer, String, func, select
from sqlalchemy.engine.base import Engine
from sqlalchemy.ext.declarative import declarative_base
from sqlalchemy.orm import sessionmaker

Base = declarative_base()


class Score(Base):
    __tablename__ = "score"
    name = Column(String(255), primary_key=True)
    points = Column(Integer, nullable=False, default=0)


class Legacy(Plugin):
    database: Engine

    async def start(self) -> None:
        await super().start()
        Base.metadata.create_all(self.database)
        self.session = sessionmaker(bind=self.database)()

    @command.new("score", require_subcommand=True, arg_fallthrough=False, help="Count points")
    async def score(self, evt: MessageEvent) -> None:
        pass

    @score.subcommand("add", help="A point for somebody")
    @command.argument("name")
    async def add(self, evt: MessageEvent, name: str) -> None:
        found = self.session.query(Score).get(name)
        if found is None:
            found = Score(name=name, points=0)
            self.session.add(found)
        found.points += 1
        self.session.commit()
        await evt.reply(f"{name}: {found.points}")

    @score.subcommand("best", help="Who leads")
    async def best(self, evt: MessageEvent) -> None:
        rows = self.database.execute(select([Score.name, Score.points]).order_by(Score.points.desc(), Score.name))
        await evt.reply("\n".join(f"{row.name} {row[1]}" for row in rows) or "nobody", markdown=False)

    @score.subcommand("total", help="All points")
    async def total(self, evt: MessageEvent) -> None:
        total = self.session.query(func.sum(Score.points)).scalar()
        await evt.reply(f"{total} in {self.database.dialect.name}")

    @score.subcommand("clear", help="Begin anew")
    async def clear(self, evt: MessageEvent) -> None:
        with self.database.begin() as tx:
            tx.execute(Score.__table__.delete().where(Score.points > 0))
        self.session.expire_all()
        await evt.reply("cleared")
